package dev.perthread.cli.console;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;

/** Values of options: in range and right, or refused in one line. */
public final class OptionConvertersFuzz {
    private OptionConvertersFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String given = Promises.text(input);
        check(given, OptionConverters::threads, n -> n >= 1 && n <= 100_000, String::valueOf);
        check(given, OptionConverters::requests, n -> n >= 1 && n <= 1_000_000_000, String::valueOf);
        check(given, OptionConverters::port, n -> n >= 0 && n <= 65_535, String::valueOf);
        check(given, OptionConverters::size, n -> n >= 1 && n <= 1L << 40, String::valueOf);
        check(
                given,
                OptionConverters::time,
                time -> time.compareTo(Duration.ZERO) > 0 && time.compareTo(Duration.ofHours(1)) <= 0,
                time -> time.toMillis() + "ms");
        check(
                given,
                OptionConverters::time,
                time -> true,
                time -> OptionConverters.seconds(time).replace(" ", ""));
    }

    private static <V> void check(
            String given, Arguments.Converter<V> converter, Predicate<V> inRange, Function<V, String> print) {
        V value;
        try {
            value = converter.convert(given);
        } catch (IllegalArgumentException refusal) {
            Promises.isRefusal(Output.plain(ErrorMessages.of(refusal)), given);
            return;
        }
        holds(inRange.test(value), "out of range: " + value);
        holds(converter.convert(print.apply(value)).equals(value), print.apply(value) + " read again is another one");
    }
}
