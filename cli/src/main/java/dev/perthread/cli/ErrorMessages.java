// Turns what was thrown into words for a user: one line, no class names where there is something better.
package dev.perthread.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

final class ErrorMessages {

    private ErrorMessages() {}

    static String of(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : oneLine(message);
    }

    /** For what went wrong with a file: the name is told already, and is often all that the message has. */
    static String ofFile(IOException failure) {
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

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
