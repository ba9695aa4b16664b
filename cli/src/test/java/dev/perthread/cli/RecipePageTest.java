package dev.perthread.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.ReentryPolicy;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The example of docs/recipe.md: it is compiled and run here, and the page shows exactly this. */
class RecipePageTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/perthread/cli/RecipePageTest.java");
    private static final Path PAGE = Path.of("../docs/recipe.md");

    private static void example(String host, int port) {
        // scope begin
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
        // scope end
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
    void the_steps_count_the_page_and_nest() throws IOException {
        String page = Server.page(20_000);
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, US_ASCII));
        try (Server server = Server.sending(page)) {
            try (LazyConnection nested = steps("127.0.0.1", server.port());
                    Connection one = nested.open();
                    Connection further = nested.open()) {
                assertThat(further.localAddress()).isNotEqualTo(one.localAddress());
            }
            assertThat(printed.toString(US_ASCII))
                    .isEqualTo("Got " + page.length() + " bytes" + System.lineSeparator());
            assertThat(server.requests).contains("GET /index.html HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        } finally {
            System.setOut(before);
        }
    }

    private static LazyConnection steps(String host, int port) throws IOException {
        // steps begin
        LazyConnection shared = LazyConnection.to(host, port);
        try (Connection mine = shared.open()) {
            mine.send(("GET /index.html HTTP/1.0\r\nHost: " + host + "\r\n\r\n").getBytes(US_ASCII));
            long total = 0;
            for (byte[] piece = mine.recv(8192); piece.length > 0; piece = mine.recv(8192)) {
                total += piece.length;
            }
            System.out.println("Got " + total + " bytes");
        }
        LazyConnection nested =
                LazyConnection.tcp(host, port).reentry(ReentryPolicy.OPEN_NEW).build();
        // steps end
        return nested;
    }

    @Test
    void the_page_shows_this_code_and_no_other() throws IOException {
        List<String> blocks = Pattern.compile("```java\n(.*?)```\n", Pattern.DOTALL)
                .matcher(Files.readString(PAGE))
                .results()
                .map(block -> block.group(1))
                .toList();
        String first = region("scope");

        assertThat(blocks.get(0)).isEqualTo(first);
        assertThat(first.lines().filter(line -> !line.isBlank())).hasSizeLessThanOrEqualTo(12);
        assertThat(String.join("", blocks.subList(1, blocks.size()))).isEqualTo(region("steps"));
    }

    private static String region(String name) throws IOException {
        String source = Files.readString(SOURCE);
        String begin = "        // " + name + " begin\n";
        String end = "        // " + name + " end\n";
        return source.substring(source.indexOf(begin) + begin.length(), source.indexOf(end))
                        .stripTrailing()
                        .stripIndent()
                + "\n";
    }
}
