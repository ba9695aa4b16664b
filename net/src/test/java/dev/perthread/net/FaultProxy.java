package dev.perthread.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A proxy between a client and a server that does something to the answer at one position. One connection at a time.
 */
final class FaultProxy implements AutoCloseable {
    private final SocketAddress server;
    private final ServerSocketChannel listener;
    private final Path path;
    private final Thread thread = new Thread(this::serve, "fault-proxy");
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private volatile Plan plan = new Plan(Fault.NONE, 0);
    private volatile long forwarded;

    /** Of one connection; the one before it may still be ending when the next is planned. */
    private record Plan(Fault fault, long position) {}

    FaultProxy(SocketAddress server) throws IOException {
        this.server = server;
        if (server instanceof UnixDomainSocketAddress) {
            path = Files.createTempDirectory("perthread").resolve("proxy");
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            listener.bind(UnixDomainSocketAddress.of(path));
        } else {
            path = null;
            listener = ServerSocketChannel.open();
            listener.bind(new InetSocketAddress(TestServer.address("127.0.0.1"), 0));
        }
        thread.start();
    }

    SocketAddress address() throws IOException {
        return listener.getLocalAddress();
    }

    /** For the next connection. */
    void next(Fault fault, long position) {
        plan = new Plan(fault, position);
    }

    /** How many bytes of the answer the last connection got. */
    long forwarded() {
        return forwarded;
    }

    private void serve() {
        while (listener.isOpen()) {
            try (SocketChannel client = listener.accept();
                    SocketChannel onward = SocketChannel.open(server)) {
                open.addAll(List.of(client, onward));
                Plan mine = plan;
                try {
                    if (mine.fault == Fault.NO_ACCEPT) {
                        drain(client);
                    } else {
                        if (mine.fault == Fault.SLOW_ACCEPT) {
                            Thread.sleep(100); // the fault itself, and not a wait for something
                        }
                        Thread requests = new Thread(() -> relayRequests(client, onward), "fault-proxy-requests");
                        requests.start();
                        relayAnswer(mine, onward, client);
                        onward.close();
                        client.close();
                        requests.join();
                    }
                } finally {
                    open.removeAll(List.of(client, onward));
                }
            } catch (IOException gone) {
                // The client or this proxy was closed: the next one, if any.
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void relayRequests(SocketChannel client, SocketChannel onward) {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        try {
            while (client.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    onward.write(buffer);
                }
                buffer.clear();
            }
        } catch (IOException reset) {
            // as good an end as another
        }
        try {
            onward.shutdownOutput();
        } catch (IOException ended) {
            // the other direction has ended
        }
    }

    private void relayAnswer(Plan mine, SocketChannel onward, SocketChannel client) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        boolean whole = mine.fault == Fault.NONE || mine.fault == Fault.SLOW_ACCEPT;
        long sofar = 0;
        forwarded = 0;
        while (true) {
            long left = whole ? Long.MAX_VALUE : mine.position - sofar;
            if (left == 0) {
                happen(mine.fault, onward, client);
                return;
            }
            buffer.clear().limit((int) Math.min(left, buffer.capacity()));
            if (onward.read(buffer) < 0) {
                return;
            }
            sofar += buffer.position();
            forwarded = sofar;
            buffer.flip();
            while (buffer.hasRemaining()) {
                client.write(buffer);
            }
        }
    }

    private void happen(Fault fault, SocketChannel onward, SocketChannel client) throws IOException {
        switch (fault) {
            case RESET -> {
                if (path == null) {
                    client.setOption(StandardSocketOptions.SO_LINGER, 0);
                }
                client.close(); // a Unix socket knows no reset
            }
            case STALL -> drain(client);
            case HALF_CLOSE -> {
                client.shutdownOutput();
                drain(client);
            }
            case GARBAGE -> {
                ByteBuffer buffer = ByteBuffer.allocate(4096);
                while (onward.read(buffer) >= 0) {
                    buffer.flip();
                    for (int i = 0; i < buffer.limit(); i++) {
                        buffer.put(i, (byte) (buffer.get(i) ^ 0x5a));
                    }
                    client.write(buffer);
                    buffer.clear();
                }
            }
            case NO_END -> {
                while (true) {
                    client.write(ByteBuffer.allocate(512));
                }
            }
            default -> throw new IllegalStateException(fault + " has no position");
        }
    }

    /** Until the client is gone. Its requests are read by another thread, which ends this by closing, if there is one. */
    private static void drain(SocketChannel client) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        while (client.read(buffer) >= 0) {
            buffer.clear();
        }
    }

    @Override
    public void close() throws Exception {
        listener.close();
        for (SocketChannel channel : open) {
            channel.close();
        }
        thread.join();
        if (path != null) {
            Files.deleteIfExists(path);
            Files.deleteIfExists(path.getParent());
        }
    }
}
