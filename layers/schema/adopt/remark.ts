/** Something that a person should know about an object, and what to do. */
export interface Remark {
  readonly object: string;
  readonly says: string;
  readonly remedy: string;
}
