package dev.perthread.net;

import dev.perthread.PerThread;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A Java process of its own that runs a class of these tests, for what an environment or a limit does to a process. */
final class ChildJvm {
    private ChildJvm() {}

    /**
     * Runs it to its end.
     *
     * @param before what starts the Java command, such as {@code strace -f}
     * @return what it printed
     */
    static List<String> run(Map<String, String> environment, List<String> before, Class<?> main, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.add("-cp");
        command.add(Stream.of(PerThread.class, LazyConnection.class, main)
                .map(ChildJvm::place)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator)));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError("ended with " + process.exitValue() + ": " + printed);
        }
        return printed.lines().toList();
    }

    private static String place(Class<?> one) {
        try {
            return Path.of(one.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
