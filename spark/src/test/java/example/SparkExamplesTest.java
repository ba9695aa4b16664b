package example;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.perthread.testkit.NothingLeftBehind;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example jobs, with Spark's executor in this process; the other tests have it in processes of its own. */
@Tag(NothingLeftBehind.TOOLS_STAY)
class SparkExamplesTest {
    private static final Pattern SAID = Pattern.compile("""
            status 200: 58
            status 404: 2
            60 URLs in 20 tasks, ([0-9]+) bytes, over ([0-9]+) connections
            """);

    @TempDir
    Path directory;

    @BeforeEach
    void here() {
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
    }

    @AfterEach
    void nowhere() {
        System.clearProperty("spark.master");
        System.clearProperty("spark.ui.enabled");
    }

    /** A main method. */
    @FunctionalInterface
    private interface Main {
        void run(String[] arguments) throws Exception;
    }

    private static String printed(Main main, String... arguments) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            main.run(arguments);
        } finally {
            System.setOut(before);
        }
        return printed.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void urlsAreFetchedOverOneConnectionAThread() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ExecutorService threads = Executors.newCachedThreadPool();
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            boolean there = exchange.getRequestURI().getPath().equals("/page");
            byte[] page = there ? new byte[1000] : new byte[10];
            exchange.sendResponseHeaders(there ? 200 : 404, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        server.start();
        try {
            String site = "http://127.0.0.1:" + server.getAddress().getPort();
            List<String> urls = new ArrayList<>(Collections.nCopies(58, site + "/page"));
            urls.add(site);
            urls.add(site + "/absent");
            Path file = Files.write(directory.resolve("urls.txt"), urls);
            Matcher said = SAID.matcher(printed(FetchUrls::main, file.toString(), "20"));
            assertThat(said.matches()).isTrue();
            assertThat(Integer.parseInt(said.group(1))).isBetween(58_020, 80_000);
            assertThat(Integer.parseInt(said.group(2))).isBetween(1, 4);
        } finally {
            server.stop(0);
            threads.shutdown();
        }
    }

    @Test
    void rowsAreWrittenOverOneConnectionAThreadWhichIsClosedAtTheEnd() throws Exception {
        Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
        try {
            String url = "jdbc:h2:tcp://127.0.0.1:" + server.getPort() + "/mem:rows;DB_CLOSE_DELAY=-1";
            assertThat(printed(WriteRows::main, url, "1000", "20"))
                    .matches("1000 rows in 20 tasks, over [1-4] connections\n");
            try (Connection here = DriverManager.getConnection(url);
                    Statement query = here.createStatement()) {
                Awaitility.await().until(() -> one(query, "select count(*) from information_schema.sessions") == 1);
                assertThat(one(query, "select sum(square) from squares")).isEqualTo(999L * 1000 * 1999 / 6);
                query.execute("shutdown");
            }
        } finally {
            server.stop();
        }
    }

    @Test
    void theGuideShowsWhatRunsHere() throws Exception {
        String source = Files.readString(Path.of("src/test/java/example/WriteRows.java"));
        String begin = "// README begin\n";
        String shown = source.substring(
                        source.indexOf(begin) + begin.length(), source.indexOf("            // README end"))
                .stripTrailing()
                .stripIndent();
        assertThat(Files.readString(Path.of("../docs/engines.md"))).contains("```java\n" + shown + "\n```");
    }

    private static long one(Statement statement, String query) throws Exception {
        try (ResultSet result = statement.executeQuery(query)) {
            result.next();
            return result.getLong(1);
        }
    }
}
