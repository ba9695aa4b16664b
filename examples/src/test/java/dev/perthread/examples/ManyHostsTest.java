package dev.perthread.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.net.HostAndPort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ten thousand pages of two hundred hosts come over sixty-four connections, and no host is asked more than four at once. */
class ManyHostsTest {
    private static final int HOSTS = 200;
    private static final int PAGES = 50;

    /** One server at all addresses of the loopback network. Counts requests in progress: both ends agree on those. */
    private static final class Hosts implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 1_000);
        private final Set<Socket> open = ConcurrentHashMap.newKeySet();
        final Map<InetAddress, AtomicInteger> busy = new ConcurrentHashMap<>();
        final Map<InetAddress, AtomicInteger> served = new ConcurrentHashMap<>();
        final AtomicInteger allBusy = new AtomicInteger();
        final AtomicInteger mostBusy = new AtomicInteger();
        final AtomicInteger mostBusyHost = new AtomicInteger();

        Hosts() throws IOException {
            daemon(this::accept);
        }

        private static void daemon(Runnable task) {
            Thread thread = new Thread(task, "hosts");
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    Socket socket = listener.accept();
                    socket.setTcpNoDelay(true);
                    open.add(socket);
                    daemon(() -> serve(socket));
                }
            } catch (IOException closed) {
                // The end of the test.
            }
        }

        private void serve(Socket socket) {
            InetAddress host = socket.getLocalAddress();
            AtomicInteger own = busy.computeIfAbsent(host, unknown -> new AtomicInteger());
            AtomicInteger count = served.computeIfAbsent(host, unknown -> new AtomicInteger());
            try (socket;
                    BufferedReader in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.startsWith("GET ")) {
                        mostBusyHost.accumulateAndGet(own.incrementAndGet(), Math::max);
                        mostBusy.accumulateAndGet(allBusy.incrementAndGet(), Math::max);
                    } else if (line.isEmpty()) {
                        count.incrementAndGet();
                        own.decrementAndGet();
                        allBusy.decrementAndGet();
                        socket.getOutputStream()
                                .write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
                                        .getBytes(StandardCharsets.US_ASCII));
                    }
                }
            } catch (IOException gone) {
                // The client has closed it, or the test has ended.
            } finally {
                open.remove(socket);
            }
        }

        List<HostAndPort> all() {
            return IntStream.range(0, HOSTS)
                    .mapToObj(i ->
                            HostAndPort.of("127.0." + (1 + i / 100) + "." + (1 + i % 100), listener.getLocalPort()))
                    .toList();
        }

        @Override
        public void close() throws IOException {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    @Test
    void tenThousandPages_ofTwoHundredHosts_comeWithinBothLimits() throws Exception {
        ExecutorService threads = ManyThreads.threads();
        try (Hosts hosts = new Hosts();
                ManyHosts many = new ManyHosts()) {
            assertThat(many.fetchAll(hosts.all(), PAGES, threads)).isEqualTo(5L * HOSTS * PAGES);
            assertThat(hosts.served).hasSize(HOSTS);
            assertThat(hosts.served.values()).allMatch(count -> count.get() == PAGES);
            assertThat(hosts.mostBusy.get()).isBetween(1, ManyHosts.LIMIT);
            assertThat(hosts.mostBusyHost.get()).isBetween(1, ManyHosts.LIMIT_PER_HOST);
            assertThat(many.web().holder().stats().mostOpen()).isBetween(1, ManyHosts.LIMIT);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void theProgram() throws Exception {
        try (Hosts hosts = new Hosts()) {
            String port = ":" + hosts.all().get(0).port();
            assertThat(Printed.by(ManyHosts::main, "3", "127.0.0.1" + port, "127.0.0.2" + port))
                    .matches("6 pages of 2 hosts, 30 bytes, at most [1-6] connections at once\n");
        }
    }
}
