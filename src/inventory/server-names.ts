/** Role and database of the embedded server. */
export const serverUser = "onefold";
export const serverDatabase = "onefold";
