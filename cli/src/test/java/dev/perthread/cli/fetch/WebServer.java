package dev.perthread.cli.fetch;

import static org.awaitility.Awaitility.await;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Server;
import dev.perthread.testkit.FreePort;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A web server for tests of the command: nginx where it is installed, and a stand-in of Java where it is not. Has
 * {@code /}, {@code /204}, {@code /304}, {@code /chunked}, {@code /close}, whose answer ends the connection, and
 * {@code /impatient}, which ends it a millisecond after its answer. No connection has more than a hundred answers.
 */
interface WebServer extends AutoCloseable {
    int ANSWERS_A_CONNECTION = 100;

    /** All its files are in the directory, the socket {@code s} among them. */
    static WebServer start(Path directory, OwnCertificate certificate) throws Exception {
        Optional<Path> nginx = nginx();
        return nginx.isPresent() ? new Nginx(nginx.get(), directory, certificate) : new StandIn(directory, certificate);
    }

    /** Not in everybody's path are the directories for administrators. */
    private static Optional<Path> nginx() {
        return Stream.concat(
                        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)),
                        Stream.of("/usr/sbin", "/usr/local/sbin"))
                .map(directory -> Path.of(directory, "nginx"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** What it is, and which version. */
    String what();

    int http();

    int https();

    /** By https too, for those who show its own certificate. */
    int mutual();

    Path unix();

    /** Waits until so many requests are over, and tells how many connections they came through. */
    int connectionsOf(int requests);

    @Override
    void close() throws Exception;

    /** Every request is a line of its log, with the number of its connection. */
    final class Nginx implements WebServer {
        private final Path directory;
        private final String version;
        private final int http = FreePort.next();
        private final int https = FreePort.next();
        private final int mutual = FreePort.next();
        private final Cli process;

        Nginx(Path nginx, Path directory, OwnCertificate certificate) throws IOException {
            this.directory = directory;
            this.version =
                    Cli.runAny(List.of(nginx.toString(), "-v"), directory).err().strip();
            Path config = Files.writeString(directory.resolve("nginx.conf"), """
                    daemon off; master_process off; pid nginx.pid; error_log stderr;
                    events { worker_connections 512; }
                    http {
                      client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path c;
                      log_format connection '$connection'; access_log log connection;
                      keepalive_requests %d; keepalive_timeout 60s; default_type text/html; root %s;
                      ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate %s; ssl_certificate_key %s;
                      server {
                        listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl; listen unix:%s;
                        location / { return 200 "hello"; }
                        location /204 { return 204; }
                        location /304 { return 304; }
                        location /close { keepalive_timeout 0; return 200 "hello"; }
                        location /impatient { keepalive_timeout 1ms; return 200 "hello"; }
                        location /chunked { ssi on; }
                      }
                      server {
                        listen 127.0.0.1:%d ssl; ssl_verify_client on; ssl_client_certificate %s;
                        location / { return 200 "hello"; }
                      }
                    }
                    """.formatted(
                            ANSWERS_A_CONNECTION,
                            directory,
                            certificate.file(),
                            certificate.keyFile(),
                            http,
                            https,
                            unix(),
                            mutual,
                            certificate.file()));
            Files.writeString(directory.resolve("chunked"), "hello ".repeat(50_000));
            Files.writeString(log(), "");
            process = Cli.startAny(
                    List.of(nginx.toString(), "-p", directory.toString(), "-c", config.toString(), "-e", "stderr"),
                    directory);
            try {
                await().atMost(Duration.ofSeconds(30)).until(() -> accepts(mutual));
            } catch (RuntimeException e) {
                String said = process.err();
                process.close();
                throw new IllegalStateException("nginx did not start: " + said, e);
            }
        }

        private static boolean accepts(int port) {
            try (Socket probe = new Socket()) {
                probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
                return true;
            } catch (IOException notYet) {
                return false;
            }
        }

        private Path log() {
            return directory.resolve("log");
        }

        private List<String> logged() throws IOException {
            String lines = Files.readString(log());
            return lines.substring(0, lines.lastIndexOf('\n') + 1).lines().toList();
        }

        @Override
        public String what() {
            return version;
        }

        @Override
        public int http() {
            return http;
        }

        @Override
        public int https() {
            return https;
        }

        @Override
        public int mutual() {
            return mutual;
        }

        @Override
        public Path unix() {
            return directory.resolve("s");
        }

        @Override
        public int connectionsOf(int requests) {
            List<String> lines = await().until(this::logged, logged -> logged.size() >= requests);
            if (lines.size() != requests) {
                throw new AssertionError(lines.size() + " requests instead of " + requests);
            }
            return (int) lines.stream().distinct().count();
        }

        @Override
        public void close() throws IOException {
            process.close();
        }
    }

    /** The same in Java, as far as the tests go. */
    final class StandIn implements WebServer {
        private final Map<Socket, Integer> answers = new ConcurrentHashMap<>();
        private final Server http = Server.answeringMany(this::answer);
        private final Server https;
        private final Server mutual;
        private final UnixServer unix;
        private final Path socket;

        StandIn(Path directory, OwnCertificate certificate) throws Exception {
            socket = directory.resolve("s");
            https = Server.answeringMany(certificate.listening(false), this::answer);
            mutual = Server.answeringMany(certificate.listening(true), this::answer);
            unix = new UnixServer(socket, ANSWERS_A_CONNECTION);
        }

        private void answer(Socket connection, String request) throws IOException {
            if (!request.startsWith("GET ")) {
                Server.write(connection, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
                connection.shutdownOutput();
                connection.getInputStream().readAllBytes(); // or the end would be a reset, and the answer lost
                connection.close();
                return;
            }
            boolean last = answers.merge(connection, 1, Integer::sum) == ANSWERS_A_CONNECTION
                    || request.startsWith("GET /close")
                    || !request.contains(" HTTP/1.1\r\n");
            String end = last ? "Connection: close\r\n" : "";
            String path = request.substring(4, request.indexOf(' ', 4));
            Server.write(
                    connection,
                    switch (path) {
                        case "/204" -> "HTTP/1.1 204 No Content\r\n" + end + "\r\n";
                        case "/304" -> "HTTP/1.1 304 Not Modified\r\n" + end + "\r\n";
                        case "/chunked" ->
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + end + "\r\n"
                                    + ("1f40\r\n" + "hello...".repeat(1000) + "\r\n").repeat(40) + "0\r\n\r\n";
                        default -> "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + end + "\r\nhello";
                    });
            if (last) {
                connection.close();
            } else if (request.startsWith("GET /impatient")) {
                connection.setSoTimeout(1);
            }
        }

        @Override
        public String what() {
            return "a stand-in of Java (no nginx here)";
        }

        @Override
        public int http() {
            return http.port();
        }

        @Override
        public int https() {
            return https.port();
        }

        @Override
        public int mutual() {
            return mutual.port();
        }

        @Override
        public Path unix() {
            return socket;
        }

        @Override
        public int connectionsOf(int requests) {
            int came = http.requests.size() + https.requests.size() + mutual.requests.size() + unix.requests.size();
            if (came < requests) {
                throw new AssertionError(came + " requests instead of " + requests);
            }
            return http.connections() + https.connections() + mutual.connections() + unix.connections();
        }

        @Override
        public void close() throws IOException {
            http.close();
            https.close();
            mutual.close();
            unix.close();
        }
    }
}
