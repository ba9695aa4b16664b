package dev.perthread.net;

import org.jspecify.annotations.Nullable;

/** The parts of messages: foreign text made fit to read, and durations. */
final class Messages {
    /** The most of somebody else's text in a message. */
    static final int LONGEST_SHOWN = 200;

    private static final int LONGEST_FIT = 1000;

    private Messages() {}

    /** What somebody else has sent, fit for a message. */
    static String shown(String text, int longest) {
        String cut = text.length() <= longest ? text : text.substring(0, longest) + "...";
        StringBuilder shown = new StringBuilder(cut.length());
        cut.chars().map(c -> c >= ' ' && c <= '~' ? c : '?').forEach(c -> shown.append((char) c));
        return shown.toString();
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

    /**
     * The same failure, unless a message in its chain of causes is not fit to read, as it quotes somebody else: then a copy
     * whose messages are. For what is going to be a cause: logs print those as well.
     */
    static Throwable withoutForeignText(Throwable failure) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (!isFit(one.getMessage())) {
                return new Copy(failure);
            }
        }
        return failure;
    }

    private static boolean isFit(@Nullable String message) {
        if (message == null) {
            return true;
        }
        return message.length() <= LONGEST_FIT && shown(message).equals(message);
    }

    /** What another exception says, and where it came from. */
    private static final class Copy extends Exception {
        private static final long serialVersionUID = 1;

        Copy(Throwable original) {
            super(original.getClass().getName() + ": " + shown(String.valueOf(original.getMessage()), LONGEST_SHOWN));
            setStackTrace(original.getStackTrace());
            if (original.getCause() != null) {
                initCause(new Copy(original.getCause()));
            }
        }
    }

    static String duration(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
