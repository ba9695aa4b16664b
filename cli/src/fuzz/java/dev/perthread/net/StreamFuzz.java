package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import com.code_intelligence.jazzer.api.BugDetectors;
import dev.perthread.fuzz.Peer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;

/**
 * A peer's bytes through a connection: the same bytes in the same order, whichever way they are read, within the
 * bounds.
 */
public final class StreamFuzz {
    private static final Peer PEER = new Peer(false);
    private static final LazyConnection SHARED = LazyConnection.to("127.0.0.1", PEER.port());

    private StreamFuzz() {}

    public static void fuzzerInitialize() {
        BugDetectors.allowNetworkConnections();
    }

    /** The first byte says where the others are cut, the second how they are read and how the connection ends. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length < 2) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 2, input.length);
        boolean reset = input[1] < 0;
        PEER.prepare(sent, input[0], reset);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        try (Connection connection = SHARED.open()) {
            read(connection, new Random(input[1]), got, sent.length);
        } catch (IOException lost) {
            holds(reset, "ended with " + lost);
        }
        byte[] bytes = got.toByteArray();
        holds(bytes.length <= sent.length, "more than was sent");
        holds(Arrays.equals(bytes, Arrays.copyOf(sent, bytes.length)), "not what was sent");
        holds(reset || bytes.length == sent.length, bytes.length + " of " + sent.length);
        holds(SHARED.holder().stats().open() == 0, "a connection that outlives its scope");
    }

    private static void read(Connection connection, Random how, ByteArrayOutputStream got, int length)
            throws IOException {
        InputStream input = connection.input();
        while (true) {
            int max = 1 + how.nextInt(300);
            byte[] piece;
            switch (how.nextInt(5)) {
                case 0 -> piece = connection.recv(max);
                case 1 -> {
                    int one = input.read();
                    piece = one < 0 ? new byte[0] : new byte[] {(byte) one};
                }
                case 2 -> piece = input.readNBytes(max);
                case 3 -> {
                    byte[] into = new byte[max + 10];
                    int read = input.read(into, 5, max);
                    holds(read != 0 && read <= max, "read " + read + " of " + max);
                    piece = Arrays.copyOfRange(into, 5, 5 + Math.max(0, read));
                }
                default -> {
                    if (how.nextInt(4) > 0) {
                        continue;
                    }
                    got.write(connection.recvAll(length - got.size())); // exactly what is left is allowed
                    piece = connection.recv(max);
                    holds(piece.length == 0, "more after all of it");
                }
            }
            got.write(piece);
            if (piece.length == 0) {
                return;
            }
        }
    }
}
