package dev.perthread.cli.console;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The converters of options' values: what picocli calls with what was given. Each says what must be, and what was. */
public final class OptionConverters {

    private OptionConverters() {}

    private static long whole(String given, long least, long most) {
        try {
            long value = Long.parseLong(given.strip());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong(given, least, most);
        }
        throw wrong(given, least, most);
    }

    private static TypeConversionException wrong(String given, long least, long most) {
        return new TypeConversionException(
                "'" + given + "' was given; a whole number from " + least + " to " + most + " is allowed");
    }

    /** How many threads, from 1 to 100,000. */
    public static final class Threads implements ITypeConverter<Integer> {
        static final int MOST = 100_000;

        /** For picocli. */
        public Threads() {}

        @Override
        public Integer convert(String given) {
            return (int) whole(given, 1, MOST);
        }
    }

    /** How many requests, from 1 to 1,000,000,000. */
    public static final class Requests implements ITypeConverter<Integer> {
        static final int MOST = 1_000_000_000;

        /** For picocli. */
        public Requests() {}

        @Override
        public Integer convert(String given) {
            return (int) whole(given, 1, MOST);
        }
    }

    /** How many connections, from 1 to 100,000. */
    public static final class Limit implements ITypeConverter<Integer> {
        static final int MOST = 100_000;

        /** For picocli. */
        public Limit() {}

        @Override
        public Integer convert(String given) {
            return (int) whole(given, 1, MOST);
        }
    }

    /** How many columns, from 40 to 10,000. */
    public static final class Width implements ITypeConverter<Integer> {
        static final int LEAST = 40;
        static final int MOST = 10_000;

        /** For picocli. */
        public Width() {}

        @Override
        public Integer convert(String given) {
            return (int) whole(given, LEAST, MOST);
        }
    }

    /** A port to listen on, from 0 to 65,535. */
    public static final class Port implements ITypeConverter<Integer> {
        static final int MOST = 65_535;

        /** For picocli. */
        public Port() {}

        @Override
        public Integer convert(String given) {
            return (int) whole(given, 0, MOST);
        }
    }

    /** A length of time from 1 ms to 60 min: seconds, or a number with ms, s or m. */
    public static final class Time implements ITypeConverter<Duration> {
        private static final Pattern FORM = Pattern.compile("(?<number>\\d{1,9}(?:\\.\\d{1,3})?)(?<unit>ms|s|m|)");
        private static final Duration LONGEST = Duration.ofHours(1);

        /** For picocli. */
        public Time() {}

        @Override
        public Duration convert(String given) {
            Matcher parts = FORM.matcher(given.strip().toLowerCase(Locale.ROOT));
            if (parts.matches()) {
                int millis = switch (parts.group("unit")) {
                    case "ms" -> 1;
                    case "m" -> 60_000;
                    default -> 1_000;
                };
                Duration time = Duration.ofMillis(new BigDecimal(parts.group("number"))
                        .multiply(BigDecimal.valueOf(millis))
                        .longValue());
                if (time.compareTo(Duration.ZERO) > 0 && time.compareTo(LONGEST) <= 0) {
                    return time;
                }
            }
            throw new TypeConversionException("'" + given
                    + "' was given; seconds, or a number with ms, s or m, from 1ms to 60m is allowed (10, 0.5, 250ms)");
        }
    }

    /** A number of bytes from 1 to 1024 GiB, or one with k, M or G. */
    public static final class Size implements ITypeConverter<Long> {
        private static final Pattern FORM = Pattern.compile("(?<number>\\d{1,15})(?<unit>[kmg]?)b?");
        private static final long MOST = 1L << 40;

        /** For picocli. */
        public Size() {}

        @Override
        public Long convert(String given) {
            Matcher parts = FORM.matcher(given.strip().toLowerCase(Locale.ROOT));
            if (parts.matches()) {
                int shift = switch (parts.group("unit")) {
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    default -> 0;
                };
                long number = Long.parseLong(parts.group("number"));
                if (number > 0 && number <= MOST >> shift) {
                    return number << shift;
                }
            }
            throw new TypeConversionException(
                    "'" + given + "' was given; a number of bytes, or one with k, M or G, from 1 to 1024G is allowed");
        }
    }

    /** A path. Unlike picocli's own it takes no empty one, which would be the working directory. */
    public static final class File implements ITypeConverter<Path> {
        /** For picocli. */
        public File() {}

        @Override
        public Path convert(String given) {
            try {
                if (!given.isEmpty()) {
                    return Path.of(given);
                }
            } catch (InvalidPathException e) {
                throw wrong(given);
            }
            throw wrong(given);
        }

        private static TypeConversionException wrong(String given) {
            return new TypeConversionException("'" + given + "' was given; the path of a file is allowed");
        }
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
