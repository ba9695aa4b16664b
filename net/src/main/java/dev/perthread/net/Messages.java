package dev.perthread.net;

/** The parts of messages: foreign text made fit to read, and durations. */
final class Messages {
    private Messages() {}

    /** What somebody else has sent, fit for a message. */
    static String shown(String text, int longest) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= longest ? plain : plain.substring(0, longest) + "...";
    }

    /** The same, with the letters of all languages. */
    static String shown(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().map(c -> c != ' ' && isInvisible(c) ? '?' : c).forEach(shown::appendCodePoint);
        return shown.toString();
    }

    /** Spaces, and what a terminal obeys or half of Java does not take: C1 controls, changes of direction, half pairs. */
    static boolean isInvisible(int c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || switch (Character.getType(c)) {
                    case Character.CONTROL, Character.FORMAT, Character.SURROGATE -> true;
                    default -> false;
                };
    }

    static String duration(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
