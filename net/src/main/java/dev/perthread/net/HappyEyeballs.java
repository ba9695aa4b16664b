package dev.perthread.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connect to the first of several addresses that answers (RFC 8305, "happy eyeballs"), in the calling thread alone.
 *
 * <p>All attempts are non-blocking channels on one selector, so there is no thread to end or to leave behind. One
 * address after the other is tried, 250 ms apart or as soon as one has failed; those tried earlier go on meanwhile. The
 * first that is connected wins, and the others are closed.
 */
final class HappyEyeballs {
    /** The "Connection Attempt Delay" of section 5 of the RFC. */
    static final long DELAY = TimeUnit.MILLISECONDS.toNanos(250);

    /** Makes a channel, with its options, that is not connected yet. */
    @FunctionalInterface
    interface Maker {
        SocketChannel make(InetAddress forAddress) throws IOException;
    }

    private record Attempt(InetAddress address, SocketChannel channel, Deadline end) {}

    private final String target;
    private final int port;
    private final long connectNanos;
    private final Deadline deadline;
    private final Maker maker;
    private final PendingConnects pending;
    private final Deque<InetAddress> waiting;
    private final List<Attempt> running = new ArrayList<>();
    private final ConnectFailures failures = new ConnectFailures();
    private Deadline next = Deadline.in(0);

    /**
     * Ready to run, once.
     *
     * @param target for messages
     * @param addresses more than one, in the order in which they are found
     * @param connectNanos the longest wait for each
     * @param deadline for all of them
     */
    HappyEyeballs(
            String target,
            int port,
            List<InetAddress> addresses,
            long connectNanos,
            Deadline deadline,
            Maker maker,
            PendingConnects pending) {
        this.target = target;
        this.port = port;
        this.connectNanos = connectNanos;
        this.deadline = deadline;
        this.maker = maker;
        this.pending = pending;
        this.waiting = new ArrayDeque<>(interleaved(addresses));
    }

    /** The two families by turns, beginning with that of the first; within a family as they were. */
    static List<InetAddress> interleaved(List<InetAddress> addresses) {
        Class<?> first = addresses.get(0).getClass();
        Iterator<InetAddress> same =
                addresses.stream().filter(first::isInstance).iterator();
        Iterator<InetAddress> others =
                addresses.stream().filter(one -> !first.isInstance(one)).iterator();
        List<InetAddress> all = new ArrayList<>();
        while (same.hasNext() || others.hasNext()) {
            if (same.hasNext()) {
                all.add(same.next());
            }
            if (others.hasNext()) {
                all.add(others.next());
            }
        }
        return all;
    }

    /** The winner, in blocking mode. */
    SocketChannel run() throws IOException {
        SocketChannel winner = first();
        try {
            winner.configureBlocking(true); // only now: the selector that knows it had to be closed first
            return winner;
        } catch (Throwable failure) {
            PendingConnects.close(winner, failure);
            throw failure;
        }
    }

    private SocketChannel first() throws IOException {
        SocketChannel winner = null;
        // Closing the selector takes the channels off it, without which a closed one is not really closed.
        try (Selector selector = selector()) {
            pending.add(selector);
            try {
                while (winner == null) {
                    winner = startNext(selector);
                    if (winner == null) {
                        await(selector);
                        winner = finished(selector);
                    }
                }
            } finally {
                pending.remove(selector);
                closeLosers(winner);
            }
        } catch (Throwable failure) {
            if (winner != null) {
                PendingConnects.close(winner, failure);
            }
            throw failure;
        }
        return winner;
    }

    private Selector selector() throws IOException {
        try {
            return Selector.open();
        } catch (IOException noDescriptor) {
            ConnectException clear =
                    new ConnectException("cannot connect to " + target + ": " + noDescriptor.getMessage());
            clear.initCause(noDescriptor);
            throw clear;
        }
    }

    private void closeLosers(@Nullable SocketChannel winner) {
        for (Attempt attempt : running) {
            if (attempt.channel != winner) {
                try {
                    attempt.channel.close();
                } catch (IOException unimportant) {
                    // It came to nothing anyway, and the others must be closed too.
                }
            }
        }
    }

    /** Starts what is due; on the same machine that may be all there is to connecting. */
    private @Nullable SocketChannel startNext(Selector selector) throws IOException {
        while (!waiting.isEmpty() && !deadline.isOver() && (running.isEmpty() || next.isOver())) {
            InetAddress address = waiting.remove();
            next = Deadline.in(DELAY);
            Deadline end = Deadline.in(Math.min(connectNanos, deadline.left()));
            Attempt attempt = null;
            try {
                attempt = new Attempt(address, maker.make(address), end);
                running.add(attempt); // whatever comes now, it is closed with the others
                attempt.channel.configureBlocking(false);
                if (attempt.channel.connect(new InetSocketAddress(address, port))) {
                    ConnectFailures.refuseOwn(attempt.channel.socket());
                    return attempt.channel;
                }
                attempt.channel.register(selector, SelectionKey.OP_CONNECT);
            } catch (IOException failure) {
                if (attempt != null) {
                    running.remove(attempt);
                    PendingConnects.close(attempt.channel, failure);
                }
                failures.failed(address, failure);
            }
        }
        if (running.isEmpty()) {
            throw failures.failure(target, waiting.size(), deadline);
        }
        return null;
    }

    private void await(Selector selector) throws IOException {
        long wait = waiting.isEmpty() ? Long.MAX_VALUE : next.left();
        for (Attempt attempt : running) {
            wait = Math.min(wait, attempt.end.left());
        }
        selector.select(Math.max(1, Timeouts.millis(wait)));
        pending.refuseIfClosed(null);
        if (Thread.currentThread().isInterrupted()) {
            throw new ClosedByInterruptException();
        }
    }

    private @Nullable SocketChannel finished(Selector selector) throws IOException {
        selector.selectedKeys().clear();
        for (Iterator<Attempt> all = running.iterator(); all.hasNext(); ) {
            Attempt attempt = all.next();
            try {
                if (attempt.channel.finishConnect()) {
                    ConnectFailures.refuseOwn(attempt.channel.socket());
                    return attempt.channel;
                }
                if (attempt.end.isOver()) {
                    all.remove();
                    attempt.channel.close();
                    failures.timedOut(attempt.address, Timeouts.millis(attempt.end.nanos()));
                }
            } catch (IOException failure) {
                all.remove();
                PendingConnects.close(attempt.channel, failure);
                failures.failed(attempt.address, failure);
            }
        }
        return null;
    }
}
