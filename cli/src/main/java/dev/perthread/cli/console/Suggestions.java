package dev.perthread.cli.console;

import java.util.List;

/** Names that somebody may have meant who has mistyped one. */
public final class Suggestions {
    private static final int MOST_EDITS = 2;
    private static final int LONGEST = 30; // of what was given: the search takes time by the square of it

    private Suggestions() {}

    /**
     * A question to append to a message.
     *
     * @param given the name that does not exist
     * @param names those that do
     * @return such as {@code ; did you mean fetch?}, or nothing if no name is near
     */
    public static String of(String given, List<String> names) {
        if (given.length() > LONGEST) {
            return "";
        }
        List<String> near = names.stream()
                .filter(name -> edits(given, name) <= Math.min(MOST_EDITS, name.length() / 3))
                .toList();
        return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
    }

    /** How many characters must be put in, left out or changed to make one of the other (Levenshtein). */
    private static int edits(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int column = 0; column <= to.length(); column++) {
            previous[column] = column;
        }
        for (int row = 1; row <= from.length(); row++) {
            int[] current = new int[to.length() + 1];
            current[0] = row;
            for (int column = 1; column <= to.length(); column++) {
                int change = from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1;
                current[column] =
                        Math.min(previous[column - 1] + change, Math.min(previous[column], current[column - 1]) + 1);
            }
            previous = current;
        }
        return previous[to.length()];
    }
}
