package dev.perthread.benchmarks;

import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Real loopback sockets: what the pool adds to opening, one request and closing, and what keeping saves. One operation
 * is one request and its answer, of four bytes each. The server runs in the same JVM and costs every contender the
 * same.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(4)
public class OpenCloseBenchmark {
    private LoopbackServer server;
    private PerThread<Socket, IOException> closing;
    private PerThread<Socket, IOException> keeping;
    private LazyConnection lazy;
    private LazyConnection lazyKept;
    private Socket socket;

    /** Starts the server. */
    @Setup(Level.Trial)
    public void open() throws IOException {
        server = new LoopbackServer();
        closing = PerThread.of(this::connect);
        keeping = PerThread.<Socket, IOException>builder(this::connect)
                .whenIdle(IdlePolicy.KEEP)
                .build();
        lazy = LazyConnection.to(server.host(), server.port());
        lazyKept = LazyConnection.tcp(server.host(), server.port())
                .whenIdle(IdlePolicy.KEEP)
                .build();
        socket = connect();
    }

    /** Ends it. */
    @TearDown(Level.Trial)
    public void close() throws IOException {
        closing.close();
        keeping.close();
        lazy.close();
        lazyKept.close();
        socket.close();
        server.close();
    }

    private Socket connect() throws IOException {
        Socket fresh = new Socket(server.host(), server.port());
        fresh.setTcpNoDelay(true);
        return fresh;
    }

    private static int ask(Socket socket, byte[] what) throws IOException {
        socket.getOutputStream().write(what);
        InputStream in = socket.getInputStream();
        byte[] answer = in.readNBytes(LoopbackServer.LENGTH);
        if (answer.length != LoopbackServer.LENGTH) {
            throw new IOException("an answer of " + answer.length + " bytes");
        }
        return what == LoopbackServer.LAST ? in.read() : answer[0]; // to the end: the server closes first
    }

    private static int ask(Connection connection, byte[] what) throws IOException {
        connection.send(what);
        int got = 0;
        while (got < LoopbackServer.LENGTH) {
            int length = connection.recv(LoopbackServer.LENGTH - got).length;
            if (length == 0) {
                throw new IOException("an answer of " + got + " bytes");
            }
            got += length;
        }
        return what == LoopbackServer.LAST ? connection.recv(1).length : got;
    }

    /** No holder. */
    @Benchmark
    public int bareSocket() throws IOException {
        try (Socket fresh = connect()) {
            return ask(fresh, LoopbackServer.LAST);
        }
    }

    /** No holder, and the same socket for ever. */
    @Benchmark
    public int bareSocketKept() throws IOException {
        return ask(socket, LoopbackServer.MORE);
    }

    /** The same socket as {@link #bareSocket}, opened and closed by a holder. */
    @Benchmark
    public int perThreadClose() throws IOException {
        try (Lease<Socket> lease = closing.acquire()) {
            return ask(lease.get(), LoopbackServer.LAST);
        }
    }

    /** The same socket as {@link #bareSocketKept}, kept by a holder. */
    @Benchmark
    public int perThreadKeep() throws IOException {
        try (Lease<Socket> lease = keeping.acquire()) {
            int got = ask(lease.get(), LoopbackServer.MORE);
            lease.done();
            return got;
        }
    }

    /** The connection of the net module. */
    @Benchmark
    public int lazyConnection() throws IOException {
        try (Connection connection = lazy.open()) {
            return ask(connection, LoopbackServer.LAST);
        }
    }

    /** The same, kept. */
    @Benchmark
    public int lazyConnectionKept() throws IOException {
        try (Connection connection = lazyKept.open()) {
            int got = ask(connection, LoopbackServer.MORE);
            connection.done();
            return got;
        }
    }
}
