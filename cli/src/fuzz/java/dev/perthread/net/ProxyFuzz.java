package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import com.code_intelligence.jazzer.api.BugDetectors;
import dev.perthread.fuzz.Peer;
import dev.perthread.fuzz.Promises;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What a proxy answers: a connection through it, or one line that says why not; never anything else, and no hanging.
 */
public final class ProxyFuzz {
    private static final Peer PEER = new Peer(false);
    private static final LazyConnection[] THROUGH = {
        through(ProxyServer.socks5("127.0.0.1", PEER.port())),
        through(ProxyServer.socks5("127.0.0.1", PEER.port()).login("user", "secret")),
        through(ProxyServer.http("127.0.0.1", PEER.port())),
        through(ProxyServer.http("127.0.0.1", PEER.port()).login("user", "secret")),
    };

    private ProxyFuzz() {}

    private static LazyConnection through(ProxyServer proxy) {
        return LazyConnection.tcp("target.invalid", 80).proxy(proxy).build();
    }

    public static void fuzzerInitialize() {
        BugDetectors.allowNetworkConnections();
    }

    /** The first byte says where the others are cut, the second which proxy is asked and how the connection ends. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 2, input.length);
        PEER.prepare(sent, input[0], input[1] < 0);
        LazyConnection through = THROUGH[input[1] & 3];
        try (Connection connection = through.open()) {
            // The shortest yes: 2 and 7 bytes from SOCKS, with a name of no letters; a status line and an empty one
            // from HTTP.
            holds(sent.length >= 9, connection + " by " + sent.length + " bytes");
        } catch (IOException refused) {
            String line = String.valueOf(refused.getMessage());
            Promises.isOneLineToRead(line);
            boolean theProxysOwn = new String(sent, StandardCharsets.ISO_8859_1).contains("secret");
            holds(theProxysOwn || !line.contains("secret"), "tells the password");
        }
        holds(through.holder().stats().open() == 0, "left open");
    }
}
