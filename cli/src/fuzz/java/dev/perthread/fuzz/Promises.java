package dev.perthread.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/** What holds for everything foreign, whatever parses it. */
public final class Promises {
    private Promises() {}

    /**
     * The bytes as text. What is no UTF-8 becomes half a surrogate pair, which Java's strings may hold and which much of
     * Java does not expect.
     */
    public static String text(byte[] input) {
        return new String(input, StandardCharsets.UTF_8).replace('\ufffd', '\ud800');
    }

    public static void holds(boolean promise, String broken) {
        if (!promise) {
            throw new AssertionError(broken);
        }
    }

    /** One line, of which a terminal obeys nothing: no control character, no bidirectional override, no half a pair. */
    public static void isOneLineToRead(String line) {
        holds(!line.isBlank(), "an empty line");
        line.codePoints().forEach(c -> {
            boolean shown = switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> false;
                default -> true;
            };
            holds(shown, "U+" + Integer.toHexString(c) + " goes to the terminal as it is");
        });
    }

    /** The lines of a stream, each of which must be one to read. */
    public static void areLinesToRead(String text) {
        if (!text.isEmpty()) {
            holds(text.endsWith("\n"), "a line that does not end");
            for (String line : text.substring(0, text.length() - 1).split("\n", -1)) {
                isOneLineToRead(line);
            }
        }
    }

    /** A refusal: one line that says what was given, as far as that can be shown, and what must be. */
    public static void isRefusal(String line, String given) {
        isOneLineToRead(line);
        holds(line.contains("must be") || line.contains("allowed"), "does not say what must be: " + line);
        boolean harmless = given.length() <= 200 && given.chars().allMatch(c -> c > ' ' && c < 127);
        boolean secret = given.indexOf('@') >= 0; // before it there may be a password
        holds(!harmless || secret || line.contains(given), "does not say what was given: " + line);
    }

    /** Where a peer's bytes are cut into pieces: the same places for the same seed. */
    public static int nextPiece(Random random, int left) {
        int longest = 1 << random.nextInt(14);
        return Math.min(left, 1 + random.nextInt(longest));
    }
}
