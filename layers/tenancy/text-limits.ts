/** Characters that the database takes for the name of an organization, a user or a key. */
export const maxNameCharacters = 200;
