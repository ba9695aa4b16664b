package dev.perthread.cli.console;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * The converters of options' values. Each refuses by an {@link IllegalArgumentException} whose message continues the name
 * of the option: what it must be, and what it was.
 */
public final class OptionConverters {
    private static final int MOST_THREADS = 100_000;
    private static final int MOST_REQUESTS = 1_000_000_000;
    private static final int MOST_PORT = 65_535;
    private static final int LEAST_WIDTH = 40;
    private static final int MOST_WIDTH = 10_000;
    private static final long MOST_BYTES = 1L << 40;
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final int MOST_DIGITS = 15;

    private OptionConverters() {}

    /**
     * How many threads or connections.
     *
     * @param given a number from 1 to 100,000
     * @return the number
     */
    public static Integer threads(String given) {
        return whole(given, 1, MOST_THREADS);
    }

    /**
     * How many requests or looks.
     *
     * @param given a number from 1 to 1,000,000,000
     * @return the number
     */
    public static Integer requests(String given) {
        return whole(given, 1, MOST_REQUESTS);
    }

    /**
     * How many columns.
     *
     * @param given a number from 40 to 10,000
     * @return the number
     */
    public static Integer width(String given) {
        return whole(given, LEAST_WIDTH, MOST_WIDTH);
    }

    /**
     * A port to listen on.
     *
     * @param given a number from 0 to 65,535
     * @return the number
     */
    public static Integer port(String given) {
        return whole(given, 0, MOST_PORT);
    }

    private static int whole(String given, int least, int most) {
        try {
            int value = Integer.parseInt(given.strip());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong("a whole number from " + least + " to " + most, given);
        }
        throw wrong("a whole number from " + least + " to " + most, given);
    }

    /**
     * A length of time.
     *
     * @param given seconds, or a number with ms, s or m, from 1 ms to 60 min
     * @return whole milliseconds
     */
    public static Duration time(String given) {
        String text = given.strip().toLowerCase(Locale.ROOT);
        int digits = digits(text, true);
        long millis = switch (text.substring(digits)) {
            case "ms" -> 1;
            case "m" -> 60_000;
            case "", "s" -> 1_000;
            default -> 0;
        };
        if (millis > 0 && isDecimal(text.substring(0, digits))) {
            Duration time = Duration.ofMillis(new BigDecimal(text.substring(0, digits))
                    .multiply(BigDecimal.valueOf(millis))
                    .longValue());
            if (time.compareTo(Duration.ZERO) > 0 && time.compareTo(LONGEST) <= 0) {
                return time;
            }
        }
        throw wrong("seconds, or a number with ms, s or m, from 1ms to 60m (10, 0.5, 250ms)", given);
    }

    /** Up to nine digits, and up to three after a point. */
    private static boolean isDecimal(String text) {
        int point = text.indexOf('.');
        int whole = point < 0 ? text.length() : point;
        int fraction = point < 0 ? 1 : text.length() - point - 1;
        return whole >= 1 && whole <= 9 && fraction >= 1 && fraction <= 3 && text.indexOf('.', point + 1) < 0;
    }

    /** How many digits a text begins with. */
    private static int digits(String text, boolean points) {
        int end = 0;
        while (end < text.length() && (isDigit(text.charAt(end)) || (points && text.charAt(end) == '.'))) {
            end++;
        }
        return end;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /**
     * A number of bytes.
     *
     * @param given a number from 1 to 1024 GiB, or one with k, M or G
     * @return bytes
     */
    public static Long size(String given) {
        String text = given.strip().toLowerCase(Locale.ROOT);
        int digits = digits(text, false);
        int shift = switch (text.substring(digits)) {
            case "", "b" -> 0;
            case "k", "kb" -> 10;
            case "m", "mb" -> 20;
            case "g", "gb" -> 30;
            default -> -1;
        };
        if (shift >= 0 && digits >= 1 && digits <= MOST_DIGITS) {
            long number = Long.parseLong(text.substring(0, digits));
            if (number > 0 && number <= MOST_BYTES >> shift) {
                return number << shift;
            }
        }
        throw wrong("a number of bytes, or one with k, M or G, from 1 to 1024G", given);
    }

    /**
     * The path of a file. Not an empty one, which Java takes for the working directory.
     *
     * @param given a path
     * @return the path
     */
    public static Path file(String given) {
        try {
            if (!given.isEmpty()) {
                return Path.of(given);
            }
        } catch (InvalidPathException e) {
            throw wrong("the path of a file", given);
        }
        throw wrong("the path of a file", given);
    }

    /**
     * A refusal.
     *
     * @param expected what it must be
     * @param given what it was
     * @return the exception to be thrown
     */
    public static IllegalArgumentException wrong(String expected, String given) {
        return new IllegalArgumentException("must be " + expected + ", but was " + ErrorMessages.quoted(given));
    }

    /**
     * A length of time as an option takes it, in the shortest exact form.
     *
     * @param time in whole milliseconds
     * @return seconds, such as 10 s or 0.5 s
     */
    public static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toMillis(), 3).stripTrailingZeros().toPlainString() + " s";
    }
}
