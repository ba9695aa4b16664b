package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.Output;
import dev.perthread.fuzz.Promises;
import dev.perthread.net.LazyConnection;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** URLs: what is accepted can be connected to, sent, printed and read again; what is not is refused in one line. */
public final class UrlFuzz {
    private static final Pattern REQUEST = Pattern.compile(
            "GET /[!-~]* HTTP/1\\.0\r\nHost: (?:[a-z0-9._-]+|\\[[0-9a-fA-F:.]+])(?::\\d{1,5})?\r\n\r\n");

    private UrlFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String given = Promises.text(input);
        Target target;
        try {
            target = Target.parse(given);
        } catch (IllegalArgumentException refusal) {
            Promises.isRefusal(Output.plain(ErrorMessages.of(refusal)), given);
            return;
        }
        holds(target.url().equals(given), "the URL is not the one that was given");
        holds(target.port() >= 1 && target.port() <= 65_535, "port " + target.port());
        try (LazyConnection connection =
                ConnectionSettings.PLAIN.to(target.endpoint()).build()) {
            Promises.isOneLineToRead(connection.holder().name());
        } catch (IllegalArgumentException refusal) {
            holds(target.tls(), "refused, and yet not for TLS: " + refusal); // which knows fewer names
            Promises.isOneLineToRead(Output.plain(ErrorMessages.of(refusal)));
        }
        String request = new String(target.request("HTTP/1.0"), StandardCharsets.ISO_8859_1);
        holds(REQUEST.matcher(request).matches(), "not one request: " + request);
        Target again = Target.parse(print(target));
        holds(
                again.endpoint().equals(target.endpoint()) && again.path().equals(target.path()),
                target + " read again is " + again);
    }

    private static String print(Target target) {
        String host = target.host().contains(":") ? "[" + target.host() + "]" : target.host();
        return (target.tls() ? "https://" : "http://") + host + ":" + target.port() + target.path();
    }
}
