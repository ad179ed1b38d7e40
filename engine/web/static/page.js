// The pages' one script.
