package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import com.code_intelligence.jazzer.api.BugDetectors;
import dev.perthread.fuzz.Promises;
import dev.perthread.fuzz.TlsPeer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;

/** A TLS server whose bytes somebody changes on the way: what is read is what it sent, or a line says why not. */
public final class TlsFuzz {
    private static final byte[] ANSWER = new byte[20_000]; // more than a record

    static {
        new Random(1).nextBytes(ANSWER);
    }

    private static final TlsPeer PEER = new TlsPeer(ANSWER);
    private static final LazyConnection[] SHARED = {with("TLSv1.3"), with("TLSv1.2")};

    private TlsFuzz() {}

    private static LazyConnection with(String version) {
        return LazyConnection.tls("127.0.0.1", PEER.port())
                .tls(Tls.of(PEER.trusting()).protocols(version))
                .readTimeout(Duration.ofSeconds(20))
                .build();
    }

    public static void fuzzerInitialize() {
        BugDetectors.allowNetworkConnections();
    }

    /**
     * The first byte says which version is spoken, whether what follows is cut off and how many bytes are dropped, the next
     * two where; the others are put in there.
     */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 3) {
            return;
        }
        int at = ((input[1] & 0xff) << 8) | (input[2] & 0xff);
        int drop = (input[0] & 0xff) >> 2;
        byte[] insert = Arrays.copyOfRange(input, 3, input.length);
        PEER.prepare(at, drop, insert, (input[0] & 2) != 0);
        LazyConnection shared = SHARED[input[0] & 1];
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        boolean ended = false;
        try (Connection connection = shared.open()) {
            connection.send(new byte[] {'?'});
            while (!ended) {
                byte[] piece = connection.recv(5_000);
                got.writeBytes(piece);
                ended = piece.length == 0;
            }
        } catch (IOException refused) {
            Promises.isOneLineToRead(String.valueOf(refused.getMessage()));
        }
        byte[] bytes = got.toByteArray();
        holds(bytes.length <= ANSWER.length, "more than was sent");
        holds(Arrays.equals(bytes, Arrays.copyOf(ANSWER, bytes.length)), "not what was sent");
        holds(!ended || bytes.length == ANSWER.length, "an end after " + bytes.length + " bytes");
        holds(shared.holder().stats().open() == 0, "left open");
    }
}
