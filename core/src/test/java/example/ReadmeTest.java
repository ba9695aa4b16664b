package example;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.testkit.ThreadKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The README's example, as it stands there, against a real server. */
class ReadmeTest {
    private static final Path SOURCE = Path.of("src/test/java/example/ReadmeTest.java");
    private static final Path README = Path.of("../README.md");

    /** Not thread-safe: two threads that ask at once get each other's answers. */
    static final class Client implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader answers;

        Client(String host, int port) throws IOException {
            this.socket = new Socket(host, port);
            this.answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
        }

        String ask(String question) throws IOException {
            socket.getOutputStream().write((question + "\n").getBytes(US_ASCII));
            return answers.readLine();
        }

        boolean isAlive() {
            return !socket.isClosed();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void tenThousandVirtualThreadsShareSixtyFourClients() throws Exception {
        ThreadKind kind =
                ThreadKind.available().toList().contains(ThreadKind.VIRTUAL) ? ThreadKind.VIRTUAL : ThreadKind.PLATFORM;
        int threads = kind == ThreadKind.VIRTUAL ? 10_000 : 500;
        AtomicInteger connected = new AtomicInteger();
        try (ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            Thread listening = ThreadKind.PLATFORM.start(() -> listen(server, connected));
            String host = "127.0.0.1";
            int port = server.getLocalPort();
            // README begin
            PerThread<Client, IOException> shared = PerThread.<Client, IOException>builder(() -> new Client(host, port))
                    .whenIdle(IdlePolicy.LEND) // stays open after its scope, free for any thread
                    .limit(64) // further threads wait, in order of arrival
                    .check(Client::isAlive) // validated before it is reused
                    .build();

            Callable<String> ask = () -> shared.call(client -> client.ask("how are you?"));
            // README end
            kind.inParallel(threads, i -> assertThat(ask.call()).isEqualTo("how are you? fine"));
            assertThat(shared.stats().acquired()).isEqualTo(threads);
            assertThat(shared.close(Duration.ofSeconds(10)).forced()).isZero();
            server.close();
            listening.join();
        }
        assertThat(connected).hasValueBetween(1, 64);
    }

    private static void listen(ServerSocket server, AtomicInteger connected) {
        try {
            while (true) {
                Socket socket = server.accept();
                connected.incrementAndGet();
                ThreadKind.PLATFORM.start(() -> answer(socket));
            }
        } catch (IOException closed) {
            assertThat(server.isClosed()).isTrue();
        }
    }

    private static void answer(Socket socket) {
        try (socket) {
            BufferedReader questions = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            for (String question = questions.readLine(); question != null; question = questions.readLine()) {
                socket.getOutputStream().write((question + " fine\n").getBytes(US_ASCII));
            }
        } catch (IOException reset) {
            throw new AssertionError(reset);
        }
    }

    @Test
    void theReadmeShowsExactlyThis() throws IOException {
        String source = Files.readString(SOURCE);
        String shown = source.substring(
                        source.indexOf("// README begin\n") + "// README begin\n".length(),
                        source.indexOf("            // README end"))
                .stripTrailing()
                .stripIndent();
        assertThat(Files.readString(README)).contains("```java\n" + shown + "\n```");
    }
}
