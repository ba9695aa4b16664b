package dev.perthread.cli.console;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Words for a user, made of what was thrown: one line, without class names where there is something better. */
public final class ErrorMessages {
    private static final int LONGEST = 200; // of what a message quotes

    private ErrorMessages() {}

    /**
     * The message of what was thrown, in one line.
     *
     * @param failure what was thrown
     * @return its message, or the simple name of its class where it has none
     */
    public static String of(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : oneLine(message);
    }

    /**
     * What went wrong with a file. Its name is not in it: the caller has told it, and it is often all that the message has.
     *
     * @param failure what was thrown
     * @return the reason alone
     */
    public static String ofFile(IOException failure) {
        if (failure instanceof FileSystemException told) {
            String reason = told.getReason();
            return reason != null
                    ? oneLine(reason)
                    : told instanceof NoSuchFileException
                            ? "no such directory"
                            : told instanceof AccessDeniedException ? "permission denied" : of(failure);
        }
        return of(failure);
    }

    /**
     * What a user gave, to be shown to him: in quotes, and cut where it is very long.
     *
     * @param given any text
     * @return at most some 200 characters of it
     */
    public static String quoted(String given) {
        return "'" + cut(given) + "'";
    }

    /**
     * A text that is shown, without the end of one that is very long.
     *
     * @param text any text
     * @return at most some 200 characters of it
     */
    public static String cut(String text) {
        if (text.length() <= LONGEST) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return text.substring(0, end) + "...";
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
