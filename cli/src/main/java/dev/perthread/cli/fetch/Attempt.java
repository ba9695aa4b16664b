package dev.perthread.cli.fetch;

import dev.perthread.ResourceException;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.net.Connection;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MalformedChunkCodingException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.TruncatedChunkException;
import org.jspecify.annotations.Nullable;

/** One try to get one response, on one connection. Used once, by one thread; afterwards it tells how it ended. */
final class Attempt {
    private static final int LONGEST_REASON = 160; // a library's words may quote what the server sent

    private final FetchPlan plan;
    private final FetchPlan.Bounds bounds;
    private final Target target;
    private final OpenCount open;
    private final LongAdder bytes;
    private final ReadBuffers buffers;
    private final ResponseInspector answer = new ResponseInspector();
    private int status;
    private String local = "";
    private String remote = "";
    private long began; // of the exchange: waiting at the limit is no fault of the server
    private boolean connected;
    private boolean ended;
    private boolean reused;
    private boolean lost;

    @Nullable
    private String failure;

    /** Adds what comes to the bytes as it comes. The buffers are its own until {@link #run} has returned. */
    Attempt(FetchPlan plan, Target target, OpenCount open, LongAdder bytes, ReadBuffers buffers) {
        this.plan = plan;
        this.bounds = plan.bounds();
        this.target = target;
        this.open = open;
        this.bytes = bytes;
        this.buffers = buffers;
    }

    /** Opens and ends a scope. Does not throw: a failure is a way to end. */
    void run(FetchConnections connections) {
        try {
            connections.run(target, this::exchange);
        } catch (GivenUp e) {
            failure = e.getMessage();
        } catch (SocketTimeoutException e) {
            failure = !connected
                    ? ErrorMessages.of(e)
                    : isOverdue()
                            ? tooSlow()
                            : "the server sent nothing for " + OptionConverters.seconds(bounds.timeout())
                                    + "; --timeout allows more";
        } catch (NotHttp e) {
            failure = e.getMessage();
        } catch (IOException | ResourceException | IllegalStateException e) {
            failure = ErrorMessages.of(e);
            lost = e instanceof IOException;
        }
    }

    private void exchange(Connection own) throws IOException {
        began = System.nanoTime();
        reused = open.wasUsedBefore();
        connected = true;
        if (plan.tellsOutcomes()) {
            local = text(own.localAddress()); // asks the system
            remote = text(own.remoteAddress());
        }
        if (plan.settings().reuses()) {
            exchangeHttp11(own);
        } else {
            own.send(target.request("HTTP/1.0"));
            receiveToTheEnd(own);
            status = answer.status();
            ended = true;
            failure = answer.complaint();
        }
    }

    /** The recipe's loop, with a bound. */
    private void receiveToTheEnd(Connection own) throws IOException {
        try {
            boundNextRead(own);
            InputStream in = own.input();
            byte[] piece = buffers.piece();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                count(own, piece, 0, read);
            }
        } catch (EOFException e) {
            // TLS without its goodbye: as good as cut off, unless HTTP itself says that nothing is missing.
            if (!answer.isWhole()) {
                throw e;
            }
        }
    }

    private void exchangeHttp11(Connection own) throws IOException {
        Http11Exchange exchange =
                new Http11Exchange(own.input(), buffers, (in, from, length) -> count(own, in, from, length));
        try {
            own.send(target.request("HTTP/1.1"));
            boundNextRead(own);
            if (!exchange.receive()) {
                own.invalidate();
            }
            ended = true;
        } catch (ConnectionClosedException | TruncatedChunkException e) {
            own.invalidate();
            ended = true; // of the stream, if not of the answer
            lost = true;
            String complaint = answer.complaint();
            failure = complaint != null ? complaint : "the response ends early: " + words(e);
        } catch (HttpException | MalformedChunkCodingException | MessageConstraintException e) {
            String complaint = answer.status() == 0 || exchange.over() ? answer.complaint() : null;
            throw new NotHttp(complaint != null ? complaint : "the response is not valid HTTP: " + words(e), e);
        } finally {
            status = exchange.status();
        }
    }

    private void count(Connection own, byte[] in, int from, int length) {
        answer.add(in, from, length);
        bytes.add(length);
        if (answer.bytes() > bounds.maxBytes()) {
            throw new GivenUp("the response is longer than " + bounds.maxBytes() + " bytes; --max-bytes allows more");
        }
        boundNextRead(own);
    }

    /** The read timeout alone bounds no response: a server may send a byte each time just before it is over. */
    private void boundNextRead(Connection own) {
        long left = bounds.maxTime().toNanos() - (System.nanoTime() - began);
        if (left <= 0) {
            throw new GivenUp(tooSlow());
        }
        if (left < bounds.timeout().toNanos()) {
            own.readTimeout(Duration.ofNanos(left));
        }
    }

    private boolean isOverdue() {
        return System.nanoTime() - began >= bounds.maxTime().toNanos();
    }

    private String tooSlow() {
        return "the response is not complete after " + OptionConverters.seconds(bounds.maxTime())
                + "; --max-time allows more";
    }

    private static String words(Exception e) {
        String words = ErrorMessages.of(e);
        return words.length() <= LONGEST_REASON ? words : words.substring(0, LONGEST_REASON) + "...";
    }

    private static String text(SocketAddress address) {
        if (address instanceof InetSocketAddress inet && !inet.isUnresolved()) {
            String host = inet.getAddress().getHostAddress();
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
        }
        String text = address.toString(); // empty for this end of a Unix socket, which has no name
        return address instanceof UnixDomainSocketAddress && !text.isEmpty() ? "unix:" + text : text;
    }

    /**
     * Whether it only found out that the server had ended a connection that was kept: nothing came on it. The server then
     * has not answered, and a GET may be sent again. Every connection comes to that at most once, and only after it has
     * served: repeating ends.
     */
    boolean cameTooLate() {
        return lost && reused && answer.bytes() == 0;
    }

    /** Whether the end of the stream, or of the answer, was reached. */
    boolean ended() {
        return ended;
    }

    boolean failed() {
        return failure != null;
    }

    Outcome outcome(String thread, Duration time) {
        return new Outcome(thread, target, local, remote, reused, answer.bytes(), status, ended, time, failure);
    }

    /** The response, and the connection with it, is given up. */
    private static final class GivenUp extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUp(String message) {
            super(message, null, false, false);
        }
    }

    private static final class NotHttp extends IOException {
        private static final long serialVersionUID = 1L;

        NotHttp(String message, Exception cause) {
            super(message, cause);
        }
    }
}
