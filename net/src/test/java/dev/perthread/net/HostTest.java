package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A host has one form for each who is told it: the resolver, a proxy, TLS; and what is no host is refused at once. */
class HostTest {
    @TempDir
    Path directory;

    private final List<String> asked = new CopyOnWriteArrayList<>();

    private List<InetAddress> loopback(String host) {
        asked.add(host);
        return List.of(TestServer.address("127.0.0.1"));
    }

    @ParameterizedTest
    @CsvSource({
        "shop.example, shop.example, shop.example, shop.example, false, shop.example:1",
        "shop.example., shop.example., shop.example., shop.example, false, shop.example.:1",
        "my_service, my_service, my_service, my_service, false, my_service:1",
        "b\u00fccher.example, xn--bcher-kva.example, xn--bcher-kva.example, xn--bcher-kva.example, false, b\u00fccher.example:1",
        "b\u00fccher.example., xn--bcher-kva.example., xn--bcher-kva.example., xn--bcher-kva.example, false, b\u00fccher.example.:1",
        "10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, true, 10.0.0.1:1",
        "\uff11\uff10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, true, \uff11\uff10.0.0.1:1",
        "300.1.2.3, 300.1.2.3, 300.1.2.3, 300.1.2.3, false, 300.1.2.3:1",
        "010.1.2.3, 010.1.2.3, 010.1.2.3, 010.1.2.3, false, 010.1.2.3:1",
        "127.1, 127.1, 127.1, 127.1, false, 127.1:1",
        "::1, ::1, ::1, ::1, true, [::1]:1",
        "[::1], ::1, ::1, ::1, true, [::1]:1",
        "[fe80::1%eth0], fe80::1%eth0, fe80::1, fe80::1, true, [fe80::1%eth0]:1",
        "::ffff:10.0.0.1, ::ffff:10.0.0.1, ::ffff:10.0.0.1, ::ffff:10.0.0.1, true, [::ffff:10.0.0.1]:1",
    })
    void hostHasAFormForEachWhoIsTold(
            String given, String here, String elsewhere, String forTls, boolean address, String shown) {
        Host host = Host.of(given);
        assertThat(host.here()).isEqualTo(here);
        assertThat(host.elsewhere()).isEqualTo(elsewhere);
        assertThat(host.forTls()).isEqualTo(forTls);
        assertThat(host.isAddress()).isEqualTo(address);
        assertThat(host.endpoint(1)).isEqualTo(shown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "a\tb",
                "[]",
                "[",
                "]",
                ":",
                "::g",
                "[::1",
                "::1]",
                "[[::1]]",
                "[127.0.0.1]",
                "a:80",
                "[a]",
                "::1%",
                ".",
                "..",
                "me@a",
                "\u00fc..a",
                "\u2100\u00fc",
                "a\u202eb"
            })
    void whatIsNoHostIsRefusedWhereverOneIsTaken(String text) {
        List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> all = List.of(
                () -> LazyConnection.tcp(text, 1),
                () -> LazyConnection.tls(text, 1),
                () -> LazyConnection.udp(text, 1),
                () -> ProxyServer.socks5(text, 1),
                () -> ProxyServer.http(text, 1));
        assertThat(all)
                .allSatisfy(one -> assertThatThrownBy(one)
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("host "));
    }

    @Test
    void refusalOfAHost_doesNotQuoteALogin() {
        assertThatThrownBy(() -> LazyConnection.tcp("user:S3CRET@a.example", 1))
                .hasMessage("host must be a name or an address alone, but has an @ in it");
    }

    /** What the server was asked for and what the certificate is for; the name that is looked up keeps its dot. */
    @ParameterizedTest
    @CsvSource({
        "shop.example., shop.example., shop.example",
        "b\u00fccher.example, xn--bcher-kva.example, xn--bcher-kva.example"
    })
    void tlsIsToldTheNameWithoutItsDotAndInAscii(String host, String lookedUp, String server) throws Exception {
        Certificates certificate = TestTls.AUTHORITY.issue("shop", server);
        try (TestServer target = new TestServer(TestServer.ECHO, TestTls.listener(certificate.server(null)));
                LazyConnection shared = LazyConnection.tls(host, target.port())
                        .tls(TestTls.trusting(directory))
                        .resolver(this::loopback)
                        .build()) {
            List<String> names = shared.call(mine -> {
                mine.send(bytes("x"));
                assertThat(mine.recv(1)).isEqualTo(bytes("x"));
                SSLEngine engine = mine.unwrap(SSLEngine.class).orElseThrow();
                return engine.getSSLParameters().getServerNames().stream()
                        .map(name -> ((SNIHostName) name).getAsciiName())
                        .toList();
            });
            assertThat(names).containsExactly(server);
            assertThat(asked).containsExactly(lookedUp);
        }
    }

    @Test
    void serverNameOfTls_isTakenWithADotToo() throws Exception {
        try (TestServer target = new TestServer(TestServer.ECHO, TestTls.listener(TestTls.CONTEXT));
                LazyConnection shared = LazyConnection.tls("127.0.0.1", target.port())
                        .tls(TestTls.trusting(directory).serverName("localhost."))
                        .build()) {
            shared.open().close();
        }
    }

    @Test
    void resolverIsToldTheNameInAscii() throws Exception {
        try (TestServer target = new TestServer(TestServer.ECHO);
                LazyConnection tcp = LazyConnection.tcp("b\u00fccher.example", target.port())
                        .resolver(this::loopback)
                        .build();
                LazyConnection udp = LazyConnection.udp("b\u00fccher.example", target.port())
                        .resolver(this::loopback)
                        .build();
                LazyConnection nowhere = LazyConnection.tcp("b\u00fccher.example", 1)
                        .resolver(host -> {
                            throw new UnknownHostException(host);
                        })
                        .build()) {
            tcp.open().close();
            udp.open().close();
            assertThat(asked).containsExactly("xn--bcher-kva.example", "xn--bcher-kva.example");
            assertThatThrownBy(nowhere::open)
                    .hasMessage("cannot connect to b\u00fccher.example:1: the name has no address");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "b\u00fccher.example, xn--bcher-kva.example",
        "shop.example., shop.example.",
        "300.1.2.3, 300.1.2.3",
        "127.1, 127.1",
        "fe80::1%25lo, fe80::1",
        "fe80::1%lo, fe80::1",
        "::1, ::1"
    })
    void proxiesAreToldTheHostAsItIsKnownElsewhere(String host, String told) throws Exception {
        TestServer.Talk socks = (in, out) -> {
            in.readNBytes(3);
            out.write(new byte[] {5, 0});
            byte[] head = in.readNBytes(4);
            asked.add(
                    head[3] == 3
                            ? new String(in.readNBytes(in.read()), StandardCharsets.US_ASCII)
                            : InetAddress.getByAddress(in.readNBytes(head[3] == 1 ? 4 : 16))
                                    .getHostAddress());
            out.write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        };
        TestServer.Talk http = (in, out) -> {
            StringBuilder header = new StringBuilder();
            while (header.indexOf("\r\n\r\n") < 0) {
                header.append((char) in.read());
            }
            asked.add(header.toString());
            out.write(bytes("HTTP/1.1 200 OK\r\n\r\n"));
        };
        boolean address = told.indexOf(':') >= 0;
        String endpoint = (address ? "[" + told + "]" : told) + ":7";
        try (TestServer socksServer = new TestServer(socks);
                TestServer httpServer = new TestServer(http)) {
            through(host, ProxyServer.socks5("127.0.0.1", socksServer.port()));
            through(host, ProxyServer.http("127.0.0.1", httpServer.port()));
        }
        assertThat(asked)
                .containsExactly(
                        address ? TestServer.address(told).getHostAddress() : told,
                        "CONNECT " + endpoint + " HTTP/1.1\r\nHost: " + endpoint + "\r\n\r\n");
    }

    private static void through(String host, ProxyServer proxy) throws IOException {
        try (LazyConnection shared = LazyConnection.tcp(host, 7).proxy(proxy).build()) {
            shared.open().close();
        }
    }

    @Test
    void zoneOfAnAddress_isUsedHere() throws Exception {
        try (TestServer server =
                new TestServer(TestServer.ECHO, TestListener.of(new ServerSocket(0, 50, TestServer.address("::1"))))) {
            for (String text : List.of("tcp://[::1%25lo]:", "tcp://[::1%lo]:")) {
                try (LazyConnection shared = LazyConnection.to(text + server.port())) {
                    assertThat(shared.holder().name()).isEqualTo("tcp://[::1%lo]:" + server.port());
                    shared.open().close();
                }
            }
        }
        try (LazyConnection shared = LazyConnection.to("fe80::1%nowhere9", 7)) {
            assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(UnknownHostException.class)
                    .hasMessage("cannot connect to [fe80::1%nowhere9]:7: the address has no meaning here: no such"
                            + " interface nowhere9");
        }
    }
}
