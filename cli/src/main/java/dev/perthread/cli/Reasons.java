// Turns what was thrown into words for a user: one line, no class names where there is something better.
package dev.perthread.cli;

final class Reasons {

    private Reasons() {}

    static String of(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : oneLine(message);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
