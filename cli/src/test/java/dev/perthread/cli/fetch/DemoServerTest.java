package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The built-in server serves whoever asks, whatever others do. */
class DemoServerTest {
    private static final int UNFINISHED = 40;

    @Test
    void manyUnfinishedRequests_mustNotKeepOthersWaiting() throws Exception {
        List<Socket> unfinished = new ArrayList<>();
        try (DemoServer server = DemoServer.start(0)) {
            URI address = URI.create(server.url());
            try (LazyConnection shared = LazyConnection.to(address.getHost(), address.getPort())) {
                for (int i = 0; i < UNFINISHED; i++) {
                    Socket socket = new Socket(address.getHost(), address.getPort());
                    unfinished.add(socket);
                    socket.getOutputStream().write("GET /index.html HT".getBytes(StandardCharsets.US_ASCII));
                }
                byte[] answer = shared.call(DemoServerTest::ask);
                assertThat(new String(answer, StandardCharsets.ISO_8859_1)).startsWith("HTTP/1.1 200 OK");
            }
        } finally {
            for (Socket socket : unfinished) {
                socket.close();
            }
        }
    }

    private static byte[] ask(Connection connection) throws IOException {
        connection.send("GET /index.html HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return connection.recvAll();
    }
}
