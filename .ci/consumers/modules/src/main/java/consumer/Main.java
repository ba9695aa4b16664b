package consumer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Two threads, one LazyConnection, and a server that says to each which connection it is. */
final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                LazyConnection connection = LazyConnection.to("127.0.0.1", server.getLocalPort())) {
            for (int number = 1; number <= 2; number++) {
                Thread user = new Thread(() -> use(connection));
                user.start();
                try (Socket accepted = server.accept()) {
                    accepted.getOutputStream().write(("connection " + number).getBytes(US_ASCII));
                }
                user.join();
            }
        }
    }

    private static void use(LazyConnection connection) {
        try (Connection own = connection.open()) {
            System.out.println(new String(own.recvAll(), US_ASCII));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
