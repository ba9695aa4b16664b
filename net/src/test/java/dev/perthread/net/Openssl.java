package dev.perthread.net;

import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The openssl command as a server to connect to, and as a client that says what it thinks of a server of ours. */
final class Openssl implements AutoCloseable {
    private static final Pattern VERDICT = Pattern.compile("Verify return code: ([0-9]+)");

    private final Program program;
    private final int port;

    private Openssl(Program program, int port) {
        this.program = program;
        this.port = port;
    }

    static boolean isInstalled() throws Exception {
        Path found = Program.find("openssl").orElse(null);
        Peers.met(
                found == null
                        ? "openssl: none (the same is covered with Java on both sides)"
                        : "openssl s_server, s_client: " + Program.version(found, "version"));
        return found != null;
    }

    private static List<String> command(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(Program.find("openssl").orElseThrow().toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Shows this certificate, and sends every line back in reverse. */
    static Openssl server(Path directory, Certificates shown, String... further) throws Exception {
        int port = FreePort.next();
        List<String> command = command("s_server", "-quiet", "-rev", "-accept", "127.0.0.1:" + port);
        command.addAll(List.of("-cert", shown.chainFile(directory).toString())); // takes the first of the file only
        command.addAll(List.of("-key", shown.keyFile(directory).toString()));
        if (shown.chain().size() > 1) {
            Certificates rest = new Certificates(
                    shown.key(), shown.chain().subList(1, shown.chain().size()), shown.top());
            command.addAll(List.of("-cert_chain", rest.chainFile(directory).toString()));
        }
        command.addAll(List.of(further));
        return new Openssl(Program.start(directory, command).awaitPort(port), port);
    }

    int port() {
        return port;
    }

    void kill() throws InterruptedException {
        program.kill();
    }

    /** All that the client says about a server on localhost; it says nothing to it. */
    static String client(int port, Path trusted, String... further) throws IOException {
        List<String> command = command("s_client", "-connect", "127.0.0.1:" + port, "-servername", "localhost");
        command.addAll(List.of("-verify_hostname", "localhost", "-CAfile", trusted.toString()));
        command.addAll(List.of(further));
        Process client = new ProcessBuilder(command).redirectErrorStream(true).start();
        client.getOutputStream().close(); // the end of its input is the end of its visit
        String words = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        client.destroy();
        return words;
    }

    /** The number of what it finds wrong with the certificate, or 0. */
    static int verdict(int port, Path trusted, String... further) throws IOException {
        String words = client(port, trusted, further);
        Matcher verdict = VERDICT.matcher(words);
        if (!verdict.find()) {
            throw new AssertionError("no verdict: " + words);
        }
        return Integer.parseInt(verdict.group(1));
    }

    @Override
    public void close() throws Exception {
        program.close();
    }
}
