package dev.perthread.cli.console;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Values of options: in range and right, or refused in one line. */
public final class OptionConvertersFuzz {
    private OptionConvertersFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        String given = Promises.text(input);
        check(given, new OptionConverters.Threads(), n -> n >= 1 && n <= 100_000, String::valueOf);
        check(given, new OptionConverters.Requests(), n -> n >= 1 && n <= 1_000_000_000, String::valueOf);
        check(given, new OptionConverters.Port(), n -> n >= 0 && n <= 65_535, String::valueOf);
        check(given, new OptionConverters.Size(), n -> n >= 1 && n <= 1L << 40, String::valueOf);
        check(
                given,
                new OptionConverters.Time(),
                time -> time.compareTo(Duration.ZERO) > 0 && time.compareTo(Duration.ofHours(1)) <= 0,
                time -> time.toMillis() + "ms");
        check(
                given,
                new OptionConverters.Time(),
                time -> true,
                time -> OptionConverters.seconds(time).replace(" ", ""));
    }

    private static <V> void check(
            String given, ITypeConverter<V> converter, Predicate<V> inRange, Function<V, String> print)
            throws Exception {
        V value;
        try {
            value = converter.convert(given);
        } catch (TypeConversionException refusal) {
            Promises.isRefusal(Output.plain(ErrorMessages.of(refusal)), given);
            return;
        }
        holds(inRange.test(value), "out of range: " + value);
        holds(converter.convert(print.apply(value)).equals(value), print.apply(value) + " read again is another one");
    }
}
