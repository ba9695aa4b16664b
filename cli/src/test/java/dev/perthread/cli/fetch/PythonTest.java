package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.perthread.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server we did not write, beside a client we did not write the language of: Python's. */
class PythonTest {
    /** The same job: threads that each open a socket, ask by HTTP/1.0, and count to the end in pieces of 8192. */
    private static final String CLIENT = """
            import socket, sys, threading

            place, path, threads = ("127.0.0.1", int(sys.argv[1])), sys.argv[2], int(sys.argv[3])
            ask = f"GET {path} HTTP/1.0\\r\\nHost: 127.0.0.1:{place[1]}\\r\\n\\r\\n".encode("ascii")
            counts = []

            def count():
                total = 0
                with socket.create_connection(place, timeout=30) as own:
                    own.sendall(ask)
                    while piece := own.recv(8192):
                        total += len(piece)
                counts.append(total)

            workers = [threading.Thread(target=count) for _ in range(threads)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            for total in counts:
                print("Got", total, "bytes")
            """;

    private static final Pattern SERVING = Pattern.compile("Serving HTTP on 127\\.0\\.0\\.1 port (?<port>\\d+)");

    @TempDir
    Path directory;

    @BeforeEach
    void python_is_there() {
        try {
            assumeTrue(
                    Cli.runAny(List.of("python3", "-c", "f'{1}'"), Path.of(".")).status() == 0, "python3 works");
        } catch (IOException e) {
            assumeTrue(false, "python3 is installed");
        }
    }

    @Test
    void the_byte_counts_are_those_of_a_python_program() throws Exception {
        Path site = Files.createDirectory(directory.resolve("site"));
        Files.writeString(site.resolve("index.html"), "a page of some length\n".repeat(500));
        Files.write(site.resolve("large.bin"), new byte[3_000_001]);
        Files.createFile(site.resolve("empty"));
        try (Cli server =
                Cli.startAny(List.of("python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"), site)) {
            server.awaitOut("Serving HTTP on ");
            Matcher serving = SERVING.matcher(server.out());
            assertThat(serving.find()).isTrue();
            String port = serving.group("port");

            for (String path : List.of("/index.html", "/", "/large.bin", "/empty", "/no-such-page")) {
                Cli.Result theirs = Cli.runAny(List.of("python3", "-c", CLIENT, port, path, "8"), directory);
                Cli.Result ours = Cli.run("fetch", "http://127.0.0.1:" + port + path, "--threads", "8");

                assertThat(theirs.status()).as(theirs.err()).isZero();
                assertThat(ours.status()).as(ours.err()).isZero();
                assertThat(counts(ours)).as(path).hasSize(8).isEqualTo(counts(theirs));
            }
            assertThat(server.err().lines().filter(line -> line.contains("\"GET /index.html HTTP/1.0\" 200")))
                    .as("each request of both programs, in the server's log")
                    .hasSize(16);
        }
    }

    private static List<String> counts(Cli.Result result) {
        return result.gotLines().stream()
                .map(line -> line.substring(0, line.indexOf(" bytes")))
                .toList();
    }
}
