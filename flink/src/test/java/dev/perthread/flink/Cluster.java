package dev.perthread.flink;

import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint;
import org.apache.flink.runtime.taskexecutor.TaskManagerRunner;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.awaitility.Awaitility;

/**
 * A Flink cluster on this machine: a job manager and a task manager, each a process of its own. The processes have the
 * class path of the test, including the project's jars, but not the jobs.
 */
final class Cluster implements AutoCloseable {
    static final int SLOTS = 4;

    private final List<Process> processes = new ArrayList<>();
    private final Path directory;
    private final int rest = FreePort.next();

    private Cluster(Path directory) {
        this.directory = directory;
    }

    static Cluster start(Path directory, Path lib) throws IOException {
        Cluster cluster = new Cluster(directory);
        Files.writeString(
                directory.resolve("config.yaml"),
                String.join(
                        "\n",
                        "jobmanager.rpc.address: 127.0.0.1",
                        "jobmanager.rpc.port: " + FreePort.next(),
                        "jobmanager.bind-host: 127.0.0.1",
                        "rest.address: 127.0.0.1",
                        "rest.bind-address: 127.0.0.1",
                        "rest.port: " + cluster.rest,
                        "io.tmp.dirs: " + directory,
                        // A machine that stands still for a while, as busy ones do, is not a dead task manager.
                        "heartbeat.timeout: 600000",
                        "pekko.ask.timeout: 60 s",
                        "taskmanager.host: 127.0.0.1",
                        "taskmanager.bind-host: 127.0.0.1",
                        "taskmanager.numberOfTaskSlots: " + SLOTS,
                        "taskmanager.cpu.cores: " + SLOTS,
                        "taskmanager.memory.framework.heap.size: 64m",
                        "taskmanager.memory.framework.off-heap.size: 64m",
                        "taskmanager.memory.task.heap.size: 192m",
                        "taskmanager.memory.task.off-heap.size: 0m",
                        "taskmanager.memory.managed.size: 8m",
                        "taskmanager.memory.network.min: 16m",
                        "taskmanager.memory.network.max: 16m",
                        "taskmanager.memory.jvm-metaspace.size: 128m",
                        "taskmanager.memory.jvm-overhead.min: 64m",
                        "taskmanager.memory.jvm-overhead.max: 64m",
                        ""));
        String classPath = Stream.concat(
                        Stream.of(lib.toString()),
                        Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
                                .filter(entry -> !entry.contains("test-classes") && !entry.endsWith("flink-t")))
                .collect(Collectors.joining(java.io.File.pathSeparator));
        try {
            cluster.launch("job-manager", classPath, StandaloneSessionClusterEntrypoint.class);
            cluster.launch("task-manager", classPath, TaskManagerRunner.class);
        } catch (IOException e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    private void launch(String name, String classPath, Class<?> main) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx384m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:SoftRefLRUPolicyMSPerMB=0", // the caches of Java's serialization keep classes softly
                "-Dorg.slf4j.simpleLogger.showDateTime=true"));
        for (String opened : List.of("java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.util")) {
            command.add("--add-opens=java.base/" + opened + "=ALL-UNNAMED");
        }
        command.add("--add-exports=java.base/sun.net.util=ALL-UNNAMED");
        command.addAll(List.of("-cp", classPath, main.getName(), "--configDir", directory.toString()));
        processes.add(new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start());
    }

    /** Where a job with these jars is sent to. */
    StreamExecutionEnvironment jobs(Path... jars) {
        StreamExecutionEnvironment jobs = StreamExecutionEnvironment.createRemoteEnvironment(
                "127.0.0.1",
                rest,
                new Configuration(),
                Arrays.stream(jars).map(Path::toString).toArray(String[]::new));
        return jobs.setParallelism(SLOTS / 2);
    }

    /** Until there are slots. */
    void awaitReady() {
        java.net.http.HttpClient http = java.net.http.HttpClient.newHttpClient();
        java.net.http.HttpRequest overview = java.net.http.HttpRequest.newBuilder(
                        java.net.URI.create("http://127.0.0.1:" + rest + "/overview"))
                .build();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> {
                    if (processes.stream().anyMatch(process -> !process.isAlive())) {
                        throw new IllegalStateException("a process has ended; see the logs in " + directory);
                    }
                    return http.send(overview, java.net.http.HttpResponse.BodyHandlers.ofString())
                            .body()
                            .contains("\"slots-available\":" + SLOTS);
                });
    }

    @Override
    public void close() {
        for (int i = processes.size() - 1; i >= 0; i--) {
            Process process = processes.get(i);
            process.destroy();
            try {
                if (!process.waitFor(10, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
