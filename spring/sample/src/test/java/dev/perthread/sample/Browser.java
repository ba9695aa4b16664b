package dev.perthread.sample;

import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A client of the application, a connection for each request. */
final class Browser implements AutoCloseable {
    private final LazyConnection site;

    Browser(int port) {
        site = LazyConnection.tcp("127.0.0.1", port)
                .readTimeout(Duration.ofSeconds(60))
                .build();
    }

    /**
     * An answer.
     *
     * @param status such as 200
     * @param body all of it
     */
    record Answer(int status, String body) {}

    Answer get(String path) throws IOException {
        return ask("GET", path);
    }

    Answer post(String path) throws IOException {
        return ask("POST", path);
    }

    private Answer ask(String method, String path) throws IOException {
        try (Connection connection = site.open()) {
            // HTTP/1.0: the answer ends where the connection does
            connection.send((method + " " + path + " HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 0\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(connection.recvAll(), StandardCharsets.UTF_8);
            int blank = answer.indexOf("\r\n\r\n");
            return new Answer(
                    Integer.parseInt(answer.substring(answer.indexOf(' ') + 1, answer.indexOf(' ') + 4)),
                    answer.substring(blank + 4));
        }
    }

    @Override
    public void close() {
        site.close();
    }
}
