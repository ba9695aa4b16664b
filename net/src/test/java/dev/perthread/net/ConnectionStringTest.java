package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A text says what to connect to and how; one that does not is refused with what it must be and what it was. */
class ConnectionStringTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({
        "tcp://a.example:80, tcp://a.example:80",
        "tls://a.example:443, tls://a.example:443",
        "udp://a.example:53, udp://a.example:53",
        "tcp://[::1]:80, tcp://[::1]:80",
        "tls://10.0.0.1:65535, tls://10.0.0.1:65535",
        "unix:/run/a.sock, unix:/run/a.sock",
        "unix:///run/a.sock, unix:/run/a.sock",
        "unix:/run/a%20b%3f+c.sock, unix:/run/a b?+c.sock",
        "tcp://a:1?name=shop, shop",
        "tcp://a:1?name=b%26c&limit=3&whenIdle=lend&acquireTimeout=250ms&idleTimeout=1m&maxAge=1h&reentry=open-new, b&c",
        "'tcp://a:1?connectTimeout=1s&openTimeout=2s&readTimeout=0s&writeTimeout=2s&closeTimeout=0ms&linger=3s', tcp://a:1",
        "tcp://a:1?family=ipv4&bindTo=127.0.0.1&tcpNoDelay=false&keepAlive=true&sendBuffer=9&receiveBuffer=9, tcp://a:1",
        "tcp://a:1?family=ipv6&bindTo=[::1]&proxy=socks5://me:p%26ss@b:2, tcp://a:1",
        "tcp://a:1?whenIdle=lend&reuse=unless-invalidated&checkAfterIdle=1s&checkIdleEvery=30s&maxUses=9&maxIdle=2, tcp://a:1",
        "'tcp://a:1?limit=2&maxWaiting=0&openBackoff=100ms,10s&closerTimeout=1s&warnWhenHeldFor=1m&timeLeases=true', tcp://a:1",
        "tcp://a:1?whenIdle=lend&minIdle=0&reuse=when-done, tcp://a:1",
        "'tls://a:1?alpn=h2,http/1.1&serverName=b.example&protocols=TLSv1.3', tls://a:1",
    })
    void whatIsSaidIsDone(String text, String name) {
        try (LazyConnection shared = LazyConnection.to(text)) {
            assertThat(shared.holder().name()).isEqualTo(name);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|it must be tcp://host:port, tls://host:port, udp://host:port or unix:/path",
                "a:1|it must be tcp://host:port, tls://host:port, udp://host:port or unix:/path",
                "TCP://a:1|it must be tcp://host:port, tls://host:port, udp://host:port or unix:/path",
                "tcp://a|the address must be host:port, with an IPv6 address in brackets and nothing before the host or after the port, but was \"a\"",
                "tcp://::1:80|the address must be host:port, with an IPv6 address in brackets and nothing before the host or after the port, but was \"::1:80\"",
                "tcp://a:1/|the address must be host:port, with an IPv6 address in brackets and nothing before the host or after the port, but was \"a:1/\"",
                "tcp://[]:6379|host must be a name, or an address, an IPv6 address in brackets or not, but was \"[]\"",
                "tcp://[::1%]:1|host must be a name, or an address, an IPv6 address in brackets or not, but was \"[::1%]\"",
                "tcp://:1|host must be a name or an address, but was empty",
                "tcp://a:0|port must be between 1 and 65535, but was 0",
                "tcp://a:65536|port must be between 1 and 65535, but was 65536",
                "unix:a.sock|the path must begin with /, but was \"a.sock\"",
                "unix:/a%2|a % is not followed by two hexadecimal digits; %25 is a %",
            })
    void placesThatAreNone(String text, String message) {
        refused(text, "connection string \"" + text + "\": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x|each option must be name=value, with & between two of them",
                "''|each option must be name=value, with & between two of them",
                "limit=1&limit=2|option limit must be given once, but was given twice",
                "limit=|option limit must be a whole number, but was \"\"",
                "limit=-1|option limit must be a whole number, but was \"-1\"",
                "limit=0|limit must be 1 or more, but was 0",
                "connectTimeout=5|option connectTimeout must be a number and ms, s, m or h, such as 250ms or 5s, but was \"5\"",
                "connectTimeout=0s|connectTimeout must be more than zero, but was PT0S",
                "family=inet|option family must be ipv4 or ipv6, but was \"inet\"",
                "keepAlive=yes|option keepAlive must be false or true, but was \"yes\"",
                "whenIdle=never|option whenIdle must be close or keep or lend, but was \"never\"",
                "reuse=always|option reuse must be unless-invalidated or when-done, but was \"always\"",
                "openBackoff=1s|option openBackoff must be two durations, the first and the longest, such as 100ms,10s, but was \"1s\"",
                "openBackoff=2s,1s|most must not be less than first (PT2S), but was PT1S",
                "maxWaiting=1|maxWaiting has no effect without a limit, where no thread waits; add limit, or leave it out",
                "checkIdleEvery=1s|checkIdleEvery has no effect with whenIdle(CLOSE), where nothing outlives its scope; leave it out, or build with whenIdle(KEEP) or whenIdle(LEND)",
                "bindTo=localhost|option bindTo must be an IPv4 or IPv6 address, but was \"localhost\"",
                "bindTo=999.1.1.1|option bindTo must be an IPv4 or IPv6 address, but was \"999.1.1.1\"",
                "proxy=ftp://a:1|option proxy must be socks5://host:port or http://host:port, with user:password@ before the host if it wants a login",
                "ca=x|option ca has an effect on tls connections only; leave it out",
            })
    void optionsThatAreNone(String query, String message) {
        refused("tcp://a:1?" + query, "connection string \"tcp://a:1?...\": " + message);
    }

    /** Each of these is quoted somewhere on the way, and a refusal goes to terminals and logs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "unix:a\nb",
                "unix:/a%00b",
                "unix:\u001b[31m",
                "tcp://a\nb:1",
                "tcp://a\u202eb",
                "tcp://a:1?li\nmit=1&li\nmit=2",
                "tcp://a:1?name=%",
                "tcp://a:1?name=a%0ab",
                "tls://a:1?protocols=a%0ab",
                "tls://a:1?serverName=%1b%5b31m",
                "tls://a:1?serverName=%e2%80%ae"
            })
    void whatARefusalQuotesIsOneLineThatATerminalObeysNothingOf(String text) {
        assertThatThrownBy(() -> LazyConnection.to(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContainPattern("[\\p{C}]"));
    }

    @Test
    void whatHasNoEffectOnThisKindIsRefusedLikeAllElse() {
        refused(
                "unix:/a?proxy=socks5://p:1",
                "connection string \"unix:/a?...\": proxy has no effect on a unix connection; leave it out");
    }

    /** What the file system allows in a path, a terminal need not obey. */
    @Test
    void thePathOfASocketIsShownWithoutWhatATerminalWouldObey() {
        try (LazyConnection connection = LazyConnection.to("unix:/run/a%0a%1bb%20c.sock")) {
            assertThat(connection.holder().name()).isEqualTo("unix:/run/a??b c.sock");
            assertThatThrownBy(connection::open).hasMessageContaining("unix:/run/a??b c.sock");
        }
    }

    @Test
    void anUnknownOptionIsToldWhichThereAre() {
        refused(
                "tcp://a:1?colour=red",
                "connection string \"tcp://a:1?...\": option colour is unknown; it must be one of acquireTimeout, bindTo,"
                        + " checkAfterIdle, checkIdleEvery, closeTimeout, closerTimeout, connectTimeout, family,"
                        + " idleTimeout, keepAlive, limit, linger, maxAge, maxIdle, maxUses, maxWaiting, minIdle, name,"
                        + " openBackoff, openTimeout, proxy, readTimeout, receiveBuffer, reentry, reuse, sendBuffer,"
                        + " tcpNoDelay, timeLeases, warnWhenHeldFor, whenIdle, writeTimeout, and for tls ca, cert, key, alpn, serverName, protocols");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cert=x|option cert must be given with key, but was given alone",
                "key=x|option key must be given with cert, but was given alone",
                "alpn=|alpn must be one or more names of 1 to 255 characters, but was []",
                "protocols=SSLv3|protocols must be TLSv1.3, TLSv1.2 or both, but was [SSLv3]",
                "serverName=a..b|serverName must be a host name, but was \"a..b\"",
            })
    void tlsOptionsThatAreNone(String query, String message) {
        refused("tls://a:1?" + query, "connection string \"tls://a:1?...\": " + message);
    }

    @Test
    void aFileThatIsNotThereIsToldWhenItIsBuilt() {
        refused(
                "tls://a:1?ca=/no/such.pem",
                "connection string \"tls://a:1?...\": PEM file /no/such.pem: there is no such file");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tcp://a:1?proxy=socks5://me:secret@b",
                "tcp://a:1?proxy=http://me:sl/secret@b:1",
                "tcp://a:1?proxy=http://me:@secret@b:1",
                "tcp://a:1?password=secret",
                "tls://user:secret@h:1",
                "tls://secret@h:1",
                "tls://user:se?secret@h:1",
                "tls://user:secret?se@h:1",
                "redis://:secret@h:1/0",
                "http://user:secret@h/",
                "secret@h:1",
                "unix:secret@h",
                "tcp://a:1&proxy=http://me:secret@b:1",
                "tcp://a:1proxy=socks5://me:secret@b:1",
                "tls://a:1keyPassword=secret",
                "tcp://a:1?proxy=http://me:x&secret@b:1",
                "tcp://a:1?proxy=http://me:x&secret=@b:1",
                "tcp://a:1?proxy=http://me:x@b:1&secret=@b:1",
                "tcp://a:1?proxy=http://me:x@b:1&secret=1&secret=@b:1",
                "tcp://a:1?proxy=http://me:x@b:1&limit=secret@b:1",
                "tls://a:1?proxy=http://me:x@b:1&serverName=sec%20secret@b:1",
                "tcp://a:1?proxy=http://secret@b:1",
                "tcp://a:1?proxy=http://me:secret@[]:1",
                "tcp://a:1?proxy=http://me:secret@b@c:1",
                "tcp://a:1?limit=x&proxy=http://me:secret@b:1"
            })
    void noPasswordGetsIntoAMessageOrItsCauses(String text) {
        assertThatThrownBy(() -> LazyConnection.to(text))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .satisfies(failure -> {
                    for (Throwable one = failure; one != null; one = one.getCause()) {
                        assertThat(one.getMessage()).doesNotContain("secret");
                    }
                });
    }

    /** What was understood is still named, so that the line can be found. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tls://user:S3CRET@h:1|tls://...|the address must be host:port, with an IPv6 address in brackets"
                        + " and nothing before the host or after the port",
                "tcp://a:1?proxy=http://me:x@b:1&limit=x|tcp://a:1?...|option limit must be a whole number, but has"
                        + " another value",
                "tcp://a:1limit=2|tcp://a:1limit=...|the address must be host:port, with an IPv6"
                        + " address in brackets and nothing before the host or after the port, but was \"a:1limit=...\"",
            })
    void refusalWithoutASecret_stillSaysWhatIsWrong(String text, String shown, String why) {
        refused(text, "connection string \"" + shown + "\": " + why);
    }

    private static void refused(String text, String message) {
        assertThatThrownBy(() -> LazyConnection.to(text))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void itConnects() throws Exception {
        Certificates own = TestTls.AUTHORITY.issue("client");
        try (TestServer mutual = new TestServer(TestServer.ECHO, TestTls.mutual(TestTls.AUTHORITY));
                TestServer plain = new TestServer(TestServer.ECHO);
                TestServer unix = new TestServer(TestServer.ECHO, TestListener.unix())) {
            String[] all = {
                "tcp://localhost:" + plain.port() + "?connectTimeout=2s",
                "tls://localhost:" + mutual.port() + "?ca=" + encoded(TestTls.AUTHORITY.topFile(directory)) + "&cert="
                        + encoded(own.chainFile(directory)) + "&key=" + encoded(own.keyFile(directory)),
                unix.builder().build().holder().name() + "?limit=2"
            };
            for (String text : all) {
                try (LazyConnection shared = LazyConnection.to(text)) {
                    for (ThreadKind kind : ThreadKind.available().toList()) {
                        kind.call(() -> {
                            try (Connection mine = shared.open()) {
                                mine.send(bytes("x"));
                                assertThat(mine.recv(9)).isEqualTo(bytes("x"));
                            }
                            return null;
                        });
                    }
                }
            }
        }
    }

    private static String encoded(Path file) {
        return URLEncoder.encode(file.toString(), StandardCharsets.UTF_8);
    }
}
