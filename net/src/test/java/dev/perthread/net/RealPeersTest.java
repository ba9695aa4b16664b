package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers that people run speak with every kind of connection. One that is not installed is stood in for by one of Java;
 * which it was is written to {@code target/peers.txt}.
 */
class RealPeersTest {
    @TempDir
    Path directory;

    private final List<CloseReason> reasons = new CopyOnWriteArrayList<>();
    private Path ca;
    private Path chain;
    private Path key;

    @BeforeEach
    void files() throws IOException {
        ca = TestTls.AUTHORITY.topFile(directory);
        chain = TestTls.LOCALHOST.chainFile(directory);
        key = TestTls.LOCALHOST.keyFile(directory);
    }

    private LazyConnection keeping(LazyConnection.Builder builder) {
        return builder.whenIdle(IdlePolicy.LEND)
                .listener(new Listener() {
                    @Override
                    public void closed(ResourceInfo resource, CloseReason reason) {
                        reasons.add(reason);
                    }
                })
                .build();
    }

    private Tls trusting() {
        return Tls.defaults().trust(ca);
    }

    private Tls withIdentity() throws IOException {
        Certificates own = TestTls.AUTHORITY.issue("client");
        return trusting().identity(own.chainFile(directory), own.keyFile(directory));
    }

    // --- HTTP: nginx, and haproxy before it ---

    private static String get(Connection mine) throws IOException {
        mine.send(bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        InputStream in = mine.input();
        StringBuilder header = new StringBuilder();
        while (header.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("after: " + header);
            }
            header.append((char) next);
        }
        int length = Integer.parseInt(header.toString().replaceFirst("(?s).*[Cc]ontent-[Ll]ength: ([0-9]+).*", "$1"));
        return header.substring(0, header.indexOf("\r\n")) + " "
                + new String(in.readNBytes(length), StandardCharsets.UTF_8).strip();
    }

    /** Ten requests through one kept connection, on every kind of thread. */
    private void gets(LazyConnection.Builder builder, String expected) throws Exception {
        reasons.clear();
        try (LazyConnection shared = keeping(builder)) {
            for (ThreadKind kind : ThreadKind.available().toList()) {
                kind.call(() -> {
                    for (int i = 0; i < 10; i++) {
                        try (Connection mine = shared.open()) {
                            assertThat(get(mine)).isEqualTo(expected);
                            mine.done();
                        }
                    }
                    return null;
                });
            }
            assertThat(reasons).isEmpty();
            assertThat(shared.holder().stats().opened()).isEqualTo(1);
        }
    }

    @Test
    void http() throws Exception {
        Path nginx = Program.find("nginx").orElse(null);
        if (nginx == null) {
            Peers.met("HTTP: a stand-in of Java (no nginx here)");
            TestServer.Talk page = (in, out) -> {
                int newlines = 0;
                for (int next = in.read(); next >= 0; next = in.read()) {
                    newlines += next == '\n' ? 1 : 0;
                    if (newlines == 3) {
                        out.write(bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
                        newlines = 0;
                    }
                }
            };
            try (TestServer plain = new TestServer(page);
                    TestServer tls = new TestServer(page, TestTls.listener(TestTls.CONTEXT));
                    TestServer mutual = new TestServer(page, TestTls.mutual(TestTls.AUTHORITY));
                    TestServer unix = new TestServer(page, TestListener.unix())) {
                gets(plain.builder(), "HTTP/1.1 200 OK hello");
                gets(TestTls.to(tls, directory), "HTTP/1.1 200 OK hello");
                gets(LazyConnection.tls("localhost", mutual.port()).tls(withIdentity()), "HTTP/1.1 200 OK hello");
                gets(unix.builder(), "HTTP/1.1 200 OK hello");
            }
            return;
        }
        Peers.met("HTTP: " + Program.version(nginx, "-v"));
        int plain = FreePort.next();
        int tls = FreePort.next();
        int mutual = FreePort.next();
        Path unix = directory.resolve("nginx.sock");
        Path config = Files.writeString(
                directory.resolve("nginx.conf"), """
                daemon off; master_process off; pid nginx.pid; error_log stderr;
                events { worker_connections 64; }
                http {
                  access_log off; keepalive_requests 15; keepalive_timeout 60s;
                  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
                  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate %s; ssl_certificate_key %s;
                  server { listen 127.0.0.1:%d; listen unix:%s; location / { return 200 "hello"; } }
                  server { listen 127.0.0.1:%d ssl; location / { return 200 "hello $ssl_protocol"; } }
                  server { listen 127.0.0.1:%d ssl; ssl_verify_client on; ssl_client_certificate %s;
                           location / { return 200 "hello $ssl_client_s_dn"; } }
                }
                """.formatted(chain, key, plain, unix, tls, mutual, ca));
        try (Program server = Program.start(
                        directory,
                        List.of(nginx.toString(), "-p", directory.toString(), "-c", config.toString(), "-e", "stderr"))
                .awaitPort(mutual)) {
            getsFromNginx(LazyConnection.tcp("localhost", plain), "HTTP/1.1 200 OK hello");
            getsFromNginx(LazyConnection.unix(unix), "HTTP/1.1 200 OK hello");
            getsFromNginx(
                    LazyConnection.tls("localhost", tls).tls(trusting().protocols("TLSv1.3")),
                    "HTTP/1.1 200 OK hello TLSv1.3");
            getsFromNginx(
                    LazyConnection.tls("localhost", tls).tls(trusting().protocols("TLSv1.2")),
                    "HTTP/1.1 200 OK hello TLSv1.2");
            getsFromNginx(
                    LazyConnection.tls("localhost", mutual).tls(withIdentity()), "HTTP/1.1 200 OK hello CN=client");
            try (LazyConnection without =
                    LazyConnection.tls("localhost", mutual).tls(trusting()).build()) {
                assertThat(without.<String, IOException>call(RealPeersTest::get))
                        .startsWith("HTTP/1.1 400 Bad Request")
                        .contains("No required SSL certificate was sent");
            }
        }
    }

    /** It closes every connection after fifteen requests; whoever comes next must not notice. */
    private void getsFromNginx(LazyConnection.Builder builder, String expected) throws Exception {
        reasons.clear();
        try (LazyConnection shared = keeping(builder)) {
            List<ThreadKind> kinds = ThreadKind.available().toList();
            for (ThreadKind kind : kinds) {
                kind.call(() -> {
                    for (int i = 0; i < 20; i++) {
                        try (Connection mine = shared.open()) {
                            assertThat(get(mine)).isEqualTo(expected);
                            if (shared.holder().stats().acquired() % 15 == 0) { // its goodbye is on its way
                                assertThat(mine.recv(1)).isEmpty();
                            }
                            mine.done();
                        }
                    }
                    return null;
                });
            }
            assertThat(shared.holder().stats().opened()).isEqualTo(20 * kinds.size() / 15 + 1);
        }
    }

    @Test
    void throughHaproxy() throws Exception {
        Path haproxy = Program.find("haproxy").orElse(null);
        if (haproxy == null) {
            Peers.met("a proxy that ends TLS: none (no haproxy here; the HTTP test covers the same path)");
            return;
        }
        Peers.met("a proxy that ends TLS: " + Program.version(haproxy, "-v"));
        int front = FreePort.next();
        int mutual = FreePort.next();
        Path both = Files.writeString(directory.resolve("both.pem"), Files.readString(chain) + Files.readString(key));
        try (TestServer behind = new TestServer(TestServer.ECHO)) {
            Path config = Files.writeString(directory.resolve("haproxy.cfg"), """
                    global
                      maxconn 100
                    defaults
                      mode tcp
                      timeout connect 5s
                      timeout client 30s
                      timeout server 30s
                    listen front
                      bind 127.0.0.1:%d ssl crt %s alpn h2,http/1.1
                      server behind 127.0.0.1:%d
                    listen mutual
                      bind 127.0.0.1:%d ssl crt %s verify required ca-file %s
                      server behind 127.0.0.1:%d
                    """.formatted(
                            front, both, behind.port(), mutual, both, ca, behind.port()));
            try (Program server = Program.start(directory, List.of(haproxy.toString(), "-db", "-f", config.toString()))
                    .awaitPort(mutual)) {
                for (LazyConnection.Builder builder : List.of(
                        LazyConnection.tls("localhost", front).tls(trusting().alpn("http/1.1")),
                        LazyConnection.tls("localhost", mutual).tls(withIdentity()))) {
                    try (LazyConnection shared = keeping(builder)) {
                        for (int i = 0; i < 10; i++) {
                            echo(shared);
                        }
                        assertThat(reasons).isEmpty();
                    }
                    reasons.clear();
                }
                try (LazyConnection without =
                        LazyConnection.tls("localhost", mutual).tls(trusting()).build()) {
                    assertThatThrownBy(() -> echo(without))
                            .isInstanceOf(SSLException.class)
                            .hasMessageContaining("the server wants a certificate of this side");
                }
            }
        }
    }

    private static void echo(LazyConnection shared) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(bytes("abc"));
            assertThat(mine.input().readNBytes(3)).isEqualTo(bytes("abc"));
            mine.done();
        }
    }

    // --- redis ---

    private static String command(Connection mine, String line) throws IOException {
        mine.send(bytes(line + "\r\n"));
        StringBuilder answer = new StringBuilder();
        InputStream in = mine.input();
        while (answer.indexOf("\r\n") < 0) {
            answer.append((char) in.read());
        }
        return answer.toString().strip();
    }

    @Test
    void redis() throws Exception {
        Path redis = Program.find("redis-server").orElse(null);
        if (redis == null) {
            Peers.met("redis: a stand-in of Java (no redis-server here)");
            TestServer.Talk counting = (in, out) -> {
                int count = 0;
                for (int next = in.read(); next >= 0; next = in.read()) {
                    if (next == '\n') {
                        out.write(bytes(":" + ++count + "\r\n"));
                    }
                }
            };
            try (TestServer plain = new TestServer(counting);
                    TestServer tls = new TestServer(counting, TestTls.mutual(TestTls.AUTHORITY));
                    TestServer unix = new TestServer(counting, TestListener.unix())) {
                counts(plain.builder(), "counter");
                counts(LazyConnection.tls("localhost", tls.port()).tls(withIdentity()), "counter");
                counts(unix.builder(), "counter");
            }
            return;
        }
        Peers.met("redis: " + Program.version(redis, "--version"));
        int plain = FreePort.next();
        int tls = FreePort.next();
        Path unix = directory.resolve("redis.sock");
        List<String> command = new ArrayList<>(List.of(redis.toString(), "--save", "", "--appendonly", "no"));
        command.addAll(List.of("--bind", "127.0.0.1", "--port", "" + plain, "--unixsocket", unix.toString()));
        command.addAll(List.of("--tls-port", "" + tls, "--tls-cert-file", chain.toString()));
        command.addAll(List.of("--tls-key-file", key.toString(), "--tls-ca-cert-file", ca.toString()));
        try (Program server = Program.start(directory, command).awaitPort(tls).awaitFile(unix)) {
            counts(LazyConnection.tcp("127.0.0.1", plain), "a");
            counts(LazyConnection.tls("localhost", tls).tls(withIdentity()), "b");
            counts(LazyConnection.unix(unix), "c");
            reasons.clear();
            // Told something unasked: the next user must not take it for its own answer.
            try (LazyConnection shared =
                    keeping(LazyConnection.tls("localhost", tls).tls(withIdentity()))) {
                try (Connection mine = shared.open()) {
                    assertThat(command(mine, "SUBSCRIBE news")).isEqualTo("*3"); // and the rest is left unread
                    mine.done();
                }
                try (Connection mine = shared.open()) {
                    assertThat(command(mine, "PING")).isEqualTo("+PONG");
                    mine.done();
                }
                assertThat(reasons).containsExactly(CloseReason.CHECK_FAILED);
            }
            try (LazyConnection without =
                    LazyConnection.tls("localhost", tls).tls(trusting()).build()) {
                assertThatThrownBy(() -> without.call(mine -> command(mine, "PING")))
                        .isInstanceOf(SSLException.class)
                        .hasMessageContaining("the server wants a certificate of this side");
            }
        }
    }

    /** Twenty threads count to two hundred, over four lent connections. */
    private void counts(LazyConnection.Builder builder, String name) throws Exception {
        reasons.clear();
        try (LazyConnection shared = keeping(builder.limit(4))) {
            for (ThreadKind kind : ThreadKind.available().toList()) {
                kind.inParallel(20, i -> {
                    for (int n = 0; n < 10; n++) {
                        try (Connection mine = shared.open()) {
                            assertThat(command(mine, "INCR " + name)).startsWith(":");
                            mine.done();
                        }
                    }
                });
            }
            assertThat(reasons).isEmpty();
            assertThat(shared.holder().stats().opened()).isLessThanOrEqualTo(4);
        }
    }
}
