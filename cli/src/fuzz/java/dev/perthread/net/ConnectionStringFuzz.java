package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Connection strings: accepted, or refused in one line that a terminal obeys nothing of and that tells no password.
 */
public final class ConnectionStringFuzz {
    /** These read the files they name, which is PemFuzz's part; and a file may be any, such as one that never ends. */
    private static final Pattern FILES = Pattern.compile("[?&](ca|cert|key)=");

    private static final Pattern PROXY = Pattern.compile("proxy=[a-z0-9]+://[^:@/]*:([^:@]*longsecret[^:@]*)@");

    private ConnectionStringFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String text = Promises.text(input);
        if (FILES.matcher(text).find()) {
            return;
        }
        try (LazyConnection connection = LazyConnection.to(text)) {
            holds(connection.holder().stats().open() == 0, "opened");
            Promises.isOneLineToRead(connection.holder().name());
        } catch (IllegalArgumentException refusal) {
            Promises.isOneLineToRead(refusal.getMessage());
            holds(refusal.getMessage().startsWith("connection string \""), "does not say what it is about: " + refusal);
            holds(refusal.getCause() == null, "what refused it may quote it as it is");
            int mark = text.indexOf('?');
            for (String option : text.substring(mark + 1).split("&", -1)) {
                Matcher login = PROXY.matcher(option);
                if (mark >= 0 && login.lookingAt()) {
                    String password = "longsecret"; // other words may be in the message for another reason
                    boolean elsewhere =
                            text.indexOf(password) != text.lastIndexOf(password); // quoted as something else
                    holds(elsewhere || !refusal.getMessage().contains(password), "tells " + password);
                }
            }
        }
    }
}
