package dev.perthread.testkit;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/**
 * A client of a {@link CountingServer} that says who it is when it connects and takes its leave when it closes. Not
 * thread-safe, like the clients that need one instance per thread.
 */
public final class CountedClient implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;
    private final String who;
    private final Thread owner = Thread.currentThread();

    /**
     * Connects.
     *
     * @param port of the server
     * @param word to be found by there
     * @throws IOException if nobody is there, or the server refuses
     */
    public CountedClient(int port, String word) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            who = word + " " + here();
            if (!ask(who).equals("yes")) {
                throw new IOException("the server refuses " + who);
            }
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * The calling thread, as no other one is called.
     *
     * @return the process and the thread
     */
    public static String here() {
        return ProcessHandle.current().pid() + "/" + Thread.currentThread().getId();
    }

    /**
     * Asks something.
     *
     * @param line without an end
     * @return the answer, which is the same line
     * @throws IOException if the connection is lost
     * @throws IllegalStateException if this is not the thread that connected
     */
    public String ask(String line) throws IOException {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException(who + " is used by " + here());
        }
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        String answer = in.readLine();
        if (answer == null) {
            throw new EOFException(who + " was cut off");
        }
        return answer;
    }

    /** Says goodbye, and waits until the server has taken note. */
    @Override
    public void close() throws IOException {
        try (socket) {
            socket.getOutputStream().write("bye\n".getBytes(StandardCharsets.UTF_8));
            in.readLine();
        } catch (SocketTimeoutException e) {
            throw new IOException(who + " got no goodbye", e);
        }
    }
}
