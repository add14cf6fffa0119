/** The region of the loopback AWS. */
export const region = 'eu-central-1';

/** Its account: no real one has this number. */
export const accountId = '000000000000';
