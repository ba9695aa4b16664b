package dev.perthread.cli.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.cli.Cli;
import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** perthread top --web, at a real process: what it shows, whom it refuses, and that nothing of it stays. */
class WebViewTest {
    private static final Path EXAMPLE = Path.of("..", "examples", "Forgetful.java");
    private static final Pattern PROCESS = Pattern.compile("process (\\d+), in JMX");
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:(\\d+)/([\\w-]{43})/");

    private static Cli program;
    private static Cli top;
    private static int port;
    private static int jmxPort;
    private static String token;

    @BeforeAll
    static void start() throws IOException {
        jmxPort = FreePort.next();
        program = Cli.startAny(
                List.of(
                        Cli.JAVA.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dcom.sun.management.jmxremote.port=" + jmxPort,
                        "-Dcom.sun.management.jmxremote.rmi.port=" + jmxPort,
                        "-Dcom.sun.management.jmxremote.host=127.0.0.1",
                        "-Djava.rmi.server.hostname=127.0.0.1",
                        "-Dcom.sun.management.jmxremote.authenticate=false",
                        "-Dcom.sun.management.jmxremote.ssl=false",
                        "-cp",
                        Cli.JAR.resolveSibling("lib") + "/*",
                        EXAMPLE.toString(),
                        "100000"),
                Path.of("."));
        program.awaitOut("in JMX");
        top = Cli.startWithSignals("top", "--timeout", "60", "--web", "--interval", "200ms", processOf(program));
        top.awaitOut("until Ctrl-C");
        Matcher address = ADDRESS.matcher(top.out());
        assertThat(address.find()).as(top.out()).isTrue();
        port = Integer.parseInt(address.group(1));
        token = address.group(2);
    }

    @AfterAll
    static void end() throws IOException {
        if (top != null) {
            top.close();
        }
        if (program != null) {
            program.close();
        }
    }

    private static String processOf(Cli running) throws IOException {
        Matcher line = PROCESS.matcher(running.out());
        assertThat(line.find()).isTrue();
        return line.group(1);
    }

    /** The body of the answer; not by Java's client, whose threads stay. */
    private static String get(String path) throws IOException {
        String answer = raw("GET /" + token + "/" + path + " HTTP/1.1", ours());
        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n");
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    /** The answer to these very lines, to its end. */
    private static String raw(String... lines) throws IOException {
        return raw(port, lines);
    }

    private static String raw(int port, String... lines) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request = String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String ours() {
        return "Host: 127.0.0.1:" + port;
    }

    private static void assertRefused(String answer, int status) {
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertThat(body).doesNotContain("script", "asker", token);
        assertThat(answer).doesNotContainIgnoringCase("Access-Control-");
    }

    @Test
    void page_mustShowTheProgramsLeases_andFollowThem() throws Exception {
        await().until(() -> get("data").contains("asker-1"));
        String data = get("data");
        assertThat(data).contains("\"answers\"", "Forgetful.work");
        await().until(() -> !get("data").equals(data));
        assertThat(get("")).contains("<!DOCTYPE html>", "data-interval=\"200\"", "asker-1");
    }

    @Test
    void answer_mustForbidWhatIsNotOfThePage() throws Exception {
        String answer = raw("GET /" + token + "/ HTTP/1.1", ours());
        String header = answer.substring(0, answer.indexOf("\r\n\r\n")).toLowerCase(Locale.ROOT);

        assertThat(header.lines().filter(line -> line.startsWith("content-security-policy:")))
                .singleElement()
                .asString()
                .startsWith("content-security-policy: default-src 'none'; ")
                .contains("connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'")
                .doesNotContain("unsafe");
        assertThat(header.lines())
                .contains(
                        "cross-origin-resource-policy: same-origin",
                        "referrer-policy: no-referrer",
                        "x-content-type-options: nosniff",
                        "cache-control: no-store");
        assertThat(header).doesNotContain("access-control");
    }

    @Test
    void request_mustBeRefused_withoutTheToken() throws Exception {
        String wrong = token.substring(1) + "A";
        for (String path :
                List.of("/", "/data", "/" + wrong + "/", "/" + wrong + "/data", "/" + token.substring(1) + "/")) {
            assertRefused(raw("GET " + path + " HTTP/1.1", ours()), 404);
        }
    }

    /** Of what lies beside the page there is nothing, however it is spelled. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "../",
                "../../etc/passwd",
                "%2e%2e/",
                "..%2f..%2fetc/passwd",
                "./",
                "data/",
                "data/../",
                "data?x",
                "?x",
                "%64ata",
                "timeline.css",
                "//",
                "data%00",
                "DATA"
            })
    void request_mustBeRefused_forAnotherPath(String path) throws Exception {
        assertRefused(raw("GET /" + token + "/" + path + " HTTP/1.1", ours()), 404);
    }

    /** What a page of another site would send, whose name leads to this machine. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:PORT",
                "localhost:PORT",
                "127.0.0.1",
                "127.0.0.1:1",
                "127.0.0.1:PORT.evil.example"
            })
    void request_mustBeRefused_withAnotherHost(String host) throws Exception {
        String header = "Host: " + host.replace("PORT", Integer.toString(port));
        assertRefused(raw("GET /" + token + "/ HTTP/1.1", header), 403);
        assertRefused(raw("GET /" + token + "/data HTTP/1.1", header), 403);
        String twice = raw("GET /" + token + "/data HTTP/1.1", ours(), header);
        assertRefused(twice, twice.startsWith("HTTP/1.1 400 ") ? 400 : 403); // newer Javas refuse two by themselves
    }

    @Test
    void request_mustBeRefused_withoutHost() throws Exception {
        assertRefused(raw("GET /" + token + "/ HTTP/1.0"), 403);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "HEAD", "OPTIONS", "DELETE", "TRACE"})
    void request_mustBeRefused_withAnotherMethod(String method) throws Exception {
        String answer = raw(
                method + " /" + token + "/data HTTP/1.1", ours(), "Origin: http://evil.example", "Content-Length: 0");
        assertRefused(answer, 405);
        assertThat(answer).contains("Allow: GET");
    }

    @Test
    void server_mustListenOnTheLoopbackAddressAlone() throws Exception {
        List<InetAddress> others = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                .toList();
        for (InetAddress other : others) {
            try (Socket socket = new Socket(other, port)) {
                throw new AssertionError("it listens at " + socket.getRemoteSocketAddress());
            } catch (SocketException expected) {
                assertThat(expected).hasMessageContaining("refused");
            }
        }
    }

    @Test
    void page_mustShowTheProgramsLeases_byHostAndPortToo() throws Exception {
        try (Cli remote = Cli.startWithSignals(
                "top", "--timeout", "60", "--web", "--interval", "200ms", "127.0.0.1:" + jmxPort)) {
            remote.awaitOut("until Ctrl-C");
            Matcher address = ADDRESS.matcher(remote.out());
            assertThat(address.find()).as(remote.out()).isTrue();
            int its = Integer.parseInt(address.group(1));
            await().until(() -> raw(
                            its, "GET /" + address.group(2) + "/data HTTP/1.1", "Host: 127.0.0.1:" + address.group(1))
                    .contains("asker-1"));
            remote.signal("INT"); // killed, it would leave its recording there
            assertThat(remote.result().status()).isEqualTo(130);
        }
    }

    @Test
    void recordingThere_mustEnd_withTheCommand() throws Exception {
        try (Cli second = Cli.startWithSignals("top", "--timeout", "60", "--web", processOf(program))) {
            second.awaitOut("until Ctrl-C");
            second.signal("INT");
            Cli.Result ended = second.result();
            assertThat(ended.status()).isEqualTo(130);
            assertThat(ended.err()).isEmpty();
        }
        Path jcmd = Cli.JAVA.resolveSibling("jcmd");
        await().untilAsserted(() -> {
            String recordings = Cli.runAny(List.of(jcmd.toString(), processOf(program), "JFR.check"), Path.of("."))
                    .out();
            assertThat(recordings.lines().filter(line -> line.contains("(running)")))
                    .as(recordings)
                    .hasSize(1); // that of the command which still runs
        });
    }

    @Test
    void command_mustEnd_withTheProgram() throws Exception {
        try (Cli brief = Cli.startAny(
                List.of(
                        Cli.JAVA.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        Cli.JAR.resolveSibling("lib") + "/*",
                        EXAMPLE.toString(),
                        "100000"),
                Path.of("."))) {
            brief.awaitOut("in JMX");
            try (Cli watching = Cli.start("top", "--timeout", "60", "--web", processOf(brief))) {
                watching.awaitOut("until Ctrl-C");
                brief.signal("KILL");
                Cli.Result ended = watching.result();
                assertThat(ended.status()).isEqualTo(1);
                assertThat(ended.err().lines()).singleElement().asString().contains("the connection is lost");
            }
        }
    }
}
