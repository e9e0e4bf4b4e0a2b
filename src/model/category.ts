/** What a file is, by its name: decides which layout its entry follows. */
export type Category = "photo" | "video" | "audio" | "other";
