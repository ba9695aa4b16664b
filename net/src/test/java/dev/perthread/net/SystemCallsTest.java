package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.perthread.IdlePolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request takes no system calls that nobody asked for. Counted where strace is installed. */
class SystemCallsTest {
    private static final int FEW = 20;
    private static final int MANY = 220;

    @TempDir
    Path directory;

    /** In a process of its own: opens, sends, receives to the end and closes, or keeps and receives a byte, over and over. */
    static final class Requests {
        private Requests() {}

        public static void main(String[] arguments) throws IOException {
            IdlePolicy whenIdle = IdlePolicy.valueOf(arguments[2]);
            try (LazyConnection shared = LazyConnection.tcp("127.0.0.1", Integer.parseInt(arguments[0]))
                    .whenIdle(whenIdle)
                    .build()) {
                for (int i = Integer.parseInt(arguments[1]); i > 0; i--) {
                    if (whenIdle == IdlePolicy.KEEP) {
                        shared.run(mine -> {
                            mine.send(new byte[1]);
                            mine.recv(1);
                        });
                        continue;
                    }
                    try (Connection mine = shared.open()) {
                        mine.send(bytes("GET / HTTP/1.0\r\n\r\n"));
                        mine.recvAll();
                    }
                }
            }
        }
    }

    @Test
    void requestThatCloses_takesFourteenSystemCalls() throws Exception {
        assumeTrue(Program.find("strace").isPresent(), "strace is not installed, so nothing is counted");
        try (TestServer server = new TestServer(TestServer.answering("x".repeat(3000)))) {
            assertThat(perRequest(server.port(), IdlePolicy.CLOSE)).isLessThan(12.5);
        }
    }

    /** Eight of them look whether the connection is still good, and read with a time limit; a write has one, too. */
    @Test
    void requestOnAKeptConnection_takesElevenSystemCalls() throws Exception {
        assumeTrue(Program.find("strace").isPresent(), "strace is not installed, so nothing is counted");
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            assertThat(perRequest(server.port(), IdlePolicy.KEEP)).isLessThan(9.5);
        }
    }

    /** Two reads get all, unless the server is slower than that: then there are waits and further tries, which do not count. */
    private double perRequest(int port, IdlePolicy whenIdle) throws Exception {
        Map<String, Double> perRequest = new TreeMap<>(counted(port, MANY, whenIdle));
        counted(port, FEW, whenIdle).forEach((call, calls) -> perRequest.merge(call, -calls, Double::sum));
        perRequest.replaceAll((call, calls) -> calls / (MANY - FEW));
        perRequest.values().removeIf(calls -> calls < 0.5); // what the runtime does once in a while
        Figures.note("system calls per request, " + whenIdle, perRequest.toString());
        perRequest.keySet().removeAll(List.of("read", "recvfrom", "poll"));
        return perRequest.values().stream().mapToDouble(calls -> calls).sum();
    }

    private Map<String, Double> counted(int port, int requests, IdlePolicy whenIdle) throws Exception {
        Path table = directory.resolve("calls" + requests);
        String traced =
                "trace=socket,connect,setsockopt,getsockopt,getsockname,getpeername,fcntl,poll,read,write,sendto,"
                        + "recvfrom,shutdown,close,dup2,epoll_create1,epoll_ctl,epoll_wait,ioctl";
        ChildJvm.run(
                // Or Java 17 reads every 20 ms from files how many processors its container has, and closes them: on
                // a busy machine once per request.
                Map.of("JAVA_TOOL_OPTIONS", "-XX:-UseContainerSupport"),
                List.of("strace", "-f", "-qq", "-c", "-e", traced, "-o", table.toString()),
                Requests.class,
                String.valueOf(port),
                String.valueOf(requests),
                whenIdle.name());
        Map<String, Double> counted = new TreeMap<>();
        for (String line : Files.readAllLines(table)) {
            String[] columns = line.strip().split("\\s+", -1); // time, seconds, per call, calls, perhaps errors, name
            if (columns.length >= 5 && columns[3].matches("[0-9]+") && !columns[columns.length - 1].equals("total")) {
                counted.put(columns[columns.length - 1], Double.valueOf(columns[3]));
            }
        }
        return counted;
    }
}
