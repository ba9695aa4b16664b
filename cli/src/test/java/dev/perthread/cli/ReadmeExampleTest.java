// The example of the README: it is compiled and run here, and the README shows exactly this.
package dev.perthread.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ReadmeExampleTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/perthread/cli/ReadmeExampleTest.java");
    private static final Path README = Path.of("../README.md");

    private static void example(String host, int port) {
        // README begin
        LazyConnection shared = LazyConnection.to(host, port); // opens nothing yet

        Runnable fetch = () -> {
            try (Connection mine = shared.open()) { // this thread's own socket
                mine.send("GET / HTTP/1.0\r\n\r\n".getBytes(US_ASCII));
                System.out.println("Got " + mine.recvAll().length + " bytes");
            } catch (IOException e) {
                System.out.println("No page: " + e.getMessage());
            }
        };
        new Thread(fetch).start();
        new Thread(fetch).start();
        // README end
    }

    @Test
    void it_fetches_the_page_twice_through_two_sockets() throws Exception {
        String page = Server.page(1234);
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, US_ASCII));
        try (Server server = Server.sending(page)) {
            example("127.0.0.1", server.port());

            String line = "Got " + page.length() + " bytes" + System.lineSeparator();
            await().untilAsserted(() -> assertThat(printed.toString(US_ASCII)).isEqualTo(line + line));
            assertThat(server.clientPorts).hasSize(2).doesNotHaveDuplicates();
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void the_readme_shows_this_code() throws IOException {
        String source = Files.readString(SOURCE);
        String begin = "// README begin\n";
        String end = "        // README end\n";
        String code = source.substring(source.indexOf(begin) + begin.length(), source.indexOf(end))
                .stripIndent();

        assertThat(Files.readString(README)).contains("```java\n" + code + "```\n");
        assertThat(code.lines().filter(line -> !line.isBlank())).hasSizeLessThanOrEqualTo(12);
    }
}
