package dev.perthread.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import dev.perthread.testkit.CountingServer;
import dev.perthread.testkit.CountingServer.Visit;
import dev.perthread.testkit.NothingLeftBehind;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One connection for each thread of each executor, over all tasks and jobs, and a goodbye at the end. */
@Tag(NothingLeftBehind.TOOLS_STAY)
class SparkOneConnectionTest {
    @Test
    void threeJobsOfTwoHundredTasksUseOneConnectionAThreadEachOfWhichIsClosedPolitelyAtTheEnd() throws Exception {
        try (CountingServer server = CountingServer.start()) {
            int port = server.port();
            Set<String> threads = new TreeSet<>();
            try (Cluster cluster = Cluster.start("one connection a thread", Map.of())) {
                PerThreadRef<CountedClient, IOException> ref = PerThreadRef.<CountedClient, IOException>builder(
                                "counted", () -> new CountedClient(port, "counted"))
                        .whenIdle(IdlePolicy.KEEP)
                        .build();
                for (int job = 0; job < 3; job++) {
                    threads.addAll(cluster.tasks(200)
                            .map(i -> ref.call(client -> {
                                client.ask("task " + i);
                                return CountedClient.here();
                            }))
                            .collect());
                }
                assertThat(server.open("counted")).isEqualTo(threads.size());
            }
            assertThat(threads.stream()
                            .map(who -> who.substring(0, who.indexOf('/')))
                            .distinct())
                    .as("processes")
                    .hasSize(2)
                    .doesNotContain("" + ProcessHandle.current().pid());
            assertThat(server.visits("counted").stream()
                            .map(Visit::who)
                            .sorted()
                            .toList())
                    .as("one connection for each process and thread")
                    .isEqualTo(threads.stream()
                            .map(who -> "counted " + who)
                            .sorted()
                            .toList());
            assertThat(server.visits("counted").stream().collect(Collectors.summingInt(Visit::questions)))
                    .isEqualTo(600);
            assertThat(server.visits("counted")).allMatch(Visit::polite);
        }
    }
}
