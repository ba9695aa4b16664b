package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.Output;
import dev.perthread.fuzz.Promises;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.apache.hc.core5.http.HttpException;

/**
 * Answers on a kept connection: judged alike however they are cut into pieces, and the next answer is never mixed up.
 */
public final class Http11ExchangeFuzz {
    private static final byte[] NEXT =
            "HTTP/1.1 299 next\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private static final ReadBuffers BUFFERS =
            new ReadBuffers(); // also what the answer before has left in them is no matter

    private Http11ExchangeFuzz() {}

    /** The first byte says where the others are cut. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 1, input.length);
        Judgement whole = new Judgement(new ByteArrayInputStream(sent));
        Judgement cut = new Judgement(new Cut(sent, input[0]));
        holds(whole.failed == cut.failed && whole.status == cut.status, "it depends on the pieces: " + whole + cut);
        holds(whole.reusable == cut.reusable, "the use of the connection depends on the pieces: " + whole + cut);
        holds(cut.status == 0 || (cut.status >= 101 && cut.status <= 999), "status " + cut.status);
        if (whole.reusable) {
            followed(sent);
        }
    }

    /** Another answer comes when the next request has been made, and is read as that one's. */
    private static void followed(byte[] sent) throws IOException {
        ByteArrayInputStream first = new ByteArrayInputStream(sent);
        Judgement again = new Judgement(first);
        holds(again.reusable && first.available() == 0, "not the same the second time");
        Judgement next = new Judgement(new ByteArrayInputStream(NEXT));
        holds(next.status == 299 && next.reusable, "the next one is " + next);
        byte[] both = Arrays.copyOf(sent, sent.length + NEXT.length);
        System.arraycopy(NEXT, 0, both, sent.length, NEXT.length);
        holds(!new Judgement(new ByteArrayInputStream(both)).reusable, "used again, with something unasked on it");
    }

    /** What is made of a stream: usable again only if it was read, and nothing more waits. */
    private static final class Judgement {
        final boolean failed;
        final boolean reusable;
        final int status;
        private long came;

        Judgement(InputStream in) throws IOException {
            Http11Exchange exchange = new Http11Exchange(in, BUFFERS, (into, at, length) -> came += length);
            boolean wrong = false;
            boolean usable = false;
            try {
                usable = exchange.receive();
                holds(exchange.status() != 0, "an answer without a status");
            } catch (IOException | HttpException e) { // and nothing else
                wrong = true;
                Promises.isOneLineToRead(Output.plain(ErrorMessages.of(e)));
            }
            holds(!usable || !exchange.over(), "usable, and yet ended");
            failed = wrong;
            reusable = usable && in.available() == 0;
            status = exchange.status();
        }

        @Override
        public String toString() {
            return "failed " + failed + ", status " + status + ", usable " + reusable + ", " + came + " bytes; ";
        }
    }

    /** Gives a piece at a time. */
    private static final class Cut extends ByteArrayInputStream {
        private final Random random;

        Cut(byte[] bytes, int seed) {
            super(bytes);
            this.random = new Random(seed);
        }

        @Override
        public synchronized int read(byte[] into, int from, int length) {
            return super.read(into, from, Math.min(length, Promises.nextPiece(random, Math.max(1, available()))));
        }
    }
}
