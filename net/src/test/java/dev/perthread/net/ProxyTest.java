package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A proxy is asked as its protocol says, whatever it answers is told, and what follows its answer belongs to the target. */
class ProxyTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    private final List<String> asked = new CopyOnWriteArrayList<>();

    /** A SOCKS5 proxy by the RFC; {@code login} is "user:password" or empty. */
    private TestServer.Talk socks5(String login) {
        return (in, out) -> {
            assertThat(in.read()).isEqualTo(5);
            byte[] methods = in.readNBytes(in.read());
            byte wanted = (byte) (login.isEmpty() ? 0 : 2);
            out.write(new byte[] {
                5, new String(methods, StandardCharsets.ISO_8859_1).indexOf(wanted) < 0 ? (byte) 0xff : wanted
            });
            if (!login.isEmpty()) {
                if (in.read() != 1) {
                    return;
                }
                String given = text(in, in.read()) + ":" + text(in, in.read());
                out.write(new byte[] {1, (byte) (given.equals(login) ? 0 : 1)});
            }
            byte[] head = in.readNBytes(4);
            if (head.length < 4) {
                return;
            }
            String host = switch (head[3]) {
                case 1 -> InetAddress.getByAddress(in.readNBytes(4)).getHostAddress();
                case 4 -> InetAddress.getByAddress(in.readNBytes(16)).getHostAddress();
                default -> text(in, in.read());
            };
            int port = (in.read() << 8) | in.read();
            asked.add(host + " " + port);
            try (Socket onward =
                    new Socket(TestServer.address(host.equals("inside.example") ? "127.0.0.1" : host), port)) {
                // A name as the address it connects from, so that it has a length of its own.
                out.write(new byte[] {5, 0, 0, 3, 2, 'm', 'e', 0, 7});
                relay(in, out, onward);
            } catch (ConnectException refused) {
                out.write(new byte[] {5, 5, 0, 1, 0, 0, 0, 0, 0, 0});
            }
        };
    }

    private TestServer.Talk http(String login) {
        return (in, out) -> {
            StringBuilder header = new StringBuilder();
            while (header.indexOf("\r\n\r\n") < 0) {
                header.append((char) in.read());
            }
            String line = header.substring(0, header.indexOf("\r\n"));
            asked.add(line);
            if (!login.isEmpty()) {
                String expected = "Proxy-Authorization: Basic "
                        + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)) + "\r\n";
                if (header.indexOf(expected) < 0) {
                    out.write(bytes("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
                    return;
                }
            }
            int port = Integer.parseInt(line.replaceFirst(".*:([0-9]+) HTTP/1.1", "$1"));
            try (Socket onward = new Socket(TestServer.address("127.0.0.1"), port)) {
                out.write(bytes("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"));
                relay(in, out, onward);
            } catch (ConnectException refused) {
                out.write(bytes("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
            }
        };
    }

    private static String text(InputStream in, int length) throws IOException {
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    private static void relay(InputStream in, OutputStream out, Socket onward) throws IOException {
        onward.setTcpNoDelay(true);
        Thread back = new Thread(() -> {
            try {
                onward.getInputStream().transferTo(out);
            } catch (IOException ended) {
                // one side is gone
            }
        });
        back.start();
        try {
            in.transferTo(onward.getOutputStream());
        } finally {
            onward.close();
            try {
                back.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void echo(LazyConnection shared) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(bytes("abc"));
            assertThat(mine.input().readNBytes(3)).isEqualTo(bytes("abc"));
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void theTargetIsReachedByNameAndByAddress(ThreadKind kind) throws Exception {
        try (TestServer target = new TestServer(TestServer.ECHO);
                TestServer socks = new TestServer(socks5(""));
                TestServer http = new TestServer(http(""))) {
            for (ProxyServer proxy : List.of(
                    ProxyServer.socks5("127.0.0.1", socks.port()), ProxyServer.http("127.0.0.1", http.port()))) {
                for (String host : List.of("inside.example", "127.0.0.1")) { // the name is looked up there, not here
                    try (LazyConnection shared =
                            LazyConnection.tcp(host, target.port()).proxy(proxy).build()) {
                        kind.call(() -> {
                            echo(shared);
                            return null;
                        });
                    }
                }
            }
            int port = target.port();
            assertThat(asked)
                    .containsExactly(
                            "inside.example " + port,
                            "127.0.0.1 " + port,
                            "CONNECT inside.example:" + port + " HTTP/1.1",
                            "CONNECT 127.0.0.1:" + port + " HTTP/1.1");
        }
    }

    @Test
    void tlsGoesThroughAProxyAndVerifiesTheTarget() throws Exception {
        try (TestServer target = new TestServer(TestServer.ECHO, TestTls.listener(TestTls.CONTEXT));
                TestServer socks = new TestServer(socks5("me:secret"));
                TestServer http = new TestServer(http("me:secret"))) {
            for (ProxyServer proxy : List.of(
                    ProxyServer.socks5("127.0.0.1", socks.port()).login("me", "secret"),
                    ProxyServer.http("127.0.0.1", http.port()).login("me", "secret"))) {
                try (LazyConnection shared =
                        TestTls.to(target, directory).proxy(proxy).build()) {
                    echo(shared);
                }
                try (LazyConnection shared = LazyConnection.tls("inside.example", target.port())
                        .tls(TestTls.trusting(directory))
                        .proxy(proxy)
                        .build()) {
                    assertThatThrownBy(shared::open).hasMessageEndingWith("and not for inside.example");
                }
            }
            socks.awaitOpen(0);
            http.awaitOpen(0);
        }
    }

    @Test
    void aLoginThatIsMissingOrWrongIsToldAndNotShown() throws Exception {
        try (TestServer socks = new TestServer(socks5("me:secret"));
                TestServer http = new TestServer(http("me:secret"))) {
            ProxyServer bySocks = ProxyServer.socks5("127.0.0.1", socks.port());
            ProxyServer byHttp = ProxyServer.http("127.0.0.1", http.port());
            String socksContext = "cannot connect to a.example:1 through the SOCKS5 proxy 127.0.0.1:" + socks.port();
            String httpContext = "cannot connect to a.example:1 through the HTTP proxy 127.0.0.1:" + http.port();
            fails(bySocks, IOException.class, socksContext + ": it wants a login; none was given");
            fails(bySocks.login("me", "x"), IOException.class, socksContext + ": it refuses user and password");
            String required = ": the proxy says: HTTP/1.1 407 Proxy Authentication Required";
            fails(byHttp, IOException.class, httpContext + required);
            fails(byHttp.login("me", "wrong"), IOException.class, httpContext + required);
            assertThat(bySocks.login("me", "secret")).asString().doesNotContain("secret");
            socks.awaitOpen(0);
            http.awaitOpen(0);
        }
    }

    private static void fails(ProxyServer proxy, Class<? extends Exception> type, String message) {
        try (LazyConnection shared = LazyConnection.tcp("a.example", 1)
                .openTimeout(Duration.ofSeconds(5))
                .proxy(proxy)
                .build()) {
            assertThatThrownBy(shared::open).isExactlyInstanceOf(type).hasMessage(message);
            assertThat(shared.holder().stats().open()).isZero();
        }
    }

    @Test
    void aProxyThatCannotConnectSaysWhy() throws Exception {
        int nobody;
        try (TestServer gone = new TestServer(TestServer.ECHO)) {
            nobody = gone.port();
        }
        try (TestServer socks = new TestServer(socks5(""));
                TestServer http = new TestServer(http(""));
                LazyConnection bySocks = LazyConnection.tcp("127.0.0.1", nobody)
                        .proxy(ProxyServer.socks5("127.0.0.1", socks.port()))
                        .build();
                LazyConnection byHttp = LazyConnection.tcp("127.0.0.1", nobody)
                        .proxy(ProxyServer.http("127.0.0.1", http.port()))
                        .build()) {
            assertThatThrownBy(bySocks::open).hasMessageEndingWith(": the proxy says: connection refused");
            assertThatThrownBy(byHttp::open).hasMessageEndingWith(": the proxy says: HTTP/1.1 502 Bad Gateway");
        }
    }

    @Test
    void aProxyThatIsNotThere() throws Exception {
        int nobody;
        try (TestServer gone = new TestServer(TestServer.ECHO)) {
            nobody = gone.port();
        }
        fails(
                ProxyServer.socks5("127.0.0.1", nobody),
                ConnectException.class,
                "cannot connect to a.example:1 through the SOCKS5 proxy 127.0.0.1:" + nobody
                        + ": tried 127.0.0.1 (Connection refused)");
        fails(
                ProxyServer.http("nowhere.invalid", 3128),
                UnknownHostException.class,
                "cannot connect to a.example:1 through the HTTP proxy nowhere.invalid:3128: the name nowhere.invalid has"
                        + " no address");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aProxyThatNeverAnswersOrEndsEarlyOrSpeaksSomethingElse(boolean socks) throws Exception {
        try (TestServer silent = new TestServer(TestServer.SILENCE);
                TestServer ending = new TestServer((in, out) -> {
                    in.readNBytes(socks ? 3 : "CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n\r\n".length());
                    out.write(socks ? new byte[] {5} : bytes("HTTP/1.1 200"));
                });
                TestServer other = new TestServer((in, out) -> {
                    out.write(bytes("SSH-2.0-OpenSSH_9.2\r\n"));
                    in.transferTo(OutputStream.nullOutputStream());
                });
                TestServer endless = new TestServer((in, out) -> {
                    out.write(bytes("HTTP/1.1 200 OK\r\n"));
                    while (true) {
                        out.write(bytes("X: y\r\n"));
                    }
                })) {
            try (LazyConnection shared =
                    through(socks, silent).openTimeout(Duration.ofMillis(150)).build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SocketTimeoutException.class)
                        .hasMessageEndingWith(": no answer within the openTimeout of 150 ms");
            }
            try (LazyConnection shared = through(socks, ending).build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(EOFException.class)
                        .hasMessageEndingWith(": it closed the connection in the middle of its answer");
            }
            try (LazyConnection shared = through(socks, other).build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(IOException.class)
                        .hasMessageEndingWith(
                                socks
                                        ? ": it does not speak SOCKS5: it answered with version 83"
                                        : ": it does not speak HTTP: it answered \"SSH-2.0\"");
            }
            if (!socks) {
                try (LazyConnection shared = through(false, endless).build()) {
                    assertThatThrownBy(shared::open)
                            .hasMessageEndingWith(": the header of its answer has more than 16384 bytes");
                }
            }
            silent.awaitOpen(0);
            ending.awaitOpen(0);
            other.awaitOpen(0);
            endless.awaitOpen(0);
        }
    }

    private static LazyConnection.Builder through(boolean socks, TestServer proxy) {
        return LazyConnection.tcp("a.example", 1)
                .proxy(
                        socks
                                ? ProxyServer.socks5("127.0.0.1", proxy.port())
                                : ProxyServer.http("127.0.0.1", proxy.port()));
    }

    @Test
    void whatFollowsTheAnswerAtOnceIsTheTargets() throws Exception {
        TestServer.Talk http = (in, out) -> {
            while (in.read() != '\n' || in.read() != '\r') {
                // to the empty line
            }
            out.write(bytes("HTTP/1.0 200 OK\r\n\r\n220 welcome")); // one packet
        };
        try (TestServer proxy = new TestServer(http);
                LazyConnection shared = through(false, proxy).build();
                Connection mine = shared.open()) {
            assertThat(mine.recvAll()).isEqualTo(bytes("220 welcome"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'',x,'user of a SOCKS5 proxy must have 1 to 255 bytes, but had 0'",
        "x,'','password of a SOCKS5 proxy must have 1 to 255 bytes, but had 0'"
    })
    void logins(String user, String password, String message) {
        assertThatThrownBy(() -> ProxyServer.socks5("a", 1).login(user, password))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> ProxyServer.http("a", 1).login("a:b", "c"))
                .hasMessage("user of an HTTP proxy must be without a colon, but had one");
        assertThatThrownBy(() -> LazyConnection.tcp("a".repeat(256), 1)
                        .proxy(ProxyServer.socks5("a", 1))
                        .build())
                .hasMessage("host must have 255 bytes at most for a SOCKS5 proxy, but had 256");
    }

    /** An API key has no password, and a token is longer than SOCKS has room for. */
    @ParameterizedTest
    @ValueSource(strings = {"APIKEY:", ":", "TOKEN:TOKEN"})
    void loginOfAnHttpProxy_hasNoLimitsOfSocks(String form) throws Exception {
        String login = form.replace("TOKEN", "t".repeat(800));
        int colon = login.indexOf(':');
        try (TestServer target = new TestServer(TestServer.ECHO);
                TestServer http = new TestServer(http(login));
                LazyConnection shared = LazyConnection.tcp("inside.example", target.port())
                        .proxy(ProxyServer.http("127.0.0.1", http.port())
                                .login(login.substring(0, colon), login.substring(colon + 1)))
                        .build()) {
            echo(shared);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "me:p%40ss, me:p@ss",
        "me:a%2541, me:a%41",
        "me:a%26b%2Fc%3a, me:a&b/c:",
        "me:a+b, me:a+b",
        "%6de:%25, me:%",
        "KEY:, KEY:",
    })
    void loginInAConnectionString_isDecodedOnce(String written, String login) throws Exception {
        try (TestServer target = new TestServer(TestServer.ECHO);
                TestServer http = new TestServer(http(login))) {
            String proxy = "http://" + written + "@127.0.0.1:" + http.port();
            String whole = URLEncoder.encode(proxy, StandardCharsets.UTF_8); // as what builds a query does
            for (String value : List.of(proxy, whole)) {
                try (LazyConnection shared =
                        LazyConnection.to("tcp://inside.example:" + target.port() + "?proxy=" + value)) {
                    echo(shared);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\n\n",
                "HTTP/1.1 200 OK\nVia: a\r\n\n",
                "HTTP/1.1 200 OK\r\nVia: a\n\r\n",
                "HTTP/1.1 200\r\n\r\n"
            })
    void answerOfAnHttpProxy_isTakenAsTheRfcHasIt(String answer) throws Exception {
        TestServer.Talk http = (in, out) -> {
            while (in.read() != '\n' || in.read() != '\r') {
                // to the empty line
            }
            in.read();
            out.write(bytes(answer + "220 welcome"));
        };
        try (TestServer proxy = new TestServer(http);
                LazyConnection shared =
                        through(false, proxy).openTimeout(Duration.ofSeconds(5)).build();
                Connection mine = shared.open()) {
            assertThat(mine.recvAll()).isEqualTo(bytes("220 welcome"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1 101 Switching Protocols, the proxy says: HTTP/1.1 101 Switching Protocols",
        "HTTP/1.1 100 Continue, it closed the connection in the middle of its answer"
    })
    void interimAnswerAlone_isNone(String status, String why) throws Exception {
        TestServer.Talk http = (in, out) -> {
            in.readNBytes("CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n\r\n".length());
            out.write(bytes(status + "\r\n\r\n"));
        };
        try (TestServer proxy = new TestServer(http);
                LazyConnection shared = through(false, proxy).build()) {
            assertThatThrownBy(shared::open).hasMessageEndingWith(": " + why);
        }
    }
}
