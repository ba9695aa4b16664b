// Redis without a client library: the protocol is a few lines, and LazyConnection has the rest.
package dev.perthread.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** Asks one question a scope. Which connection that uses, and whether it is a new one, the connection string says. */
final class RedisPing {
    private RedisPing() {}

    /** One command and its answer, as text: {@code +PONG}, {@code :7}, {@code $5 hello}, {@code -ERR …}. */
    static String ask(LazyConnection redis, String... words) throws IOException {
        StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            command.append('$')
                    .append(word.getBytes(UTF_8).length)
                    .append("\r\n")
                    .append(word)
                    .append("\r\n");
        }
        return redis.call(connection -> {
            connection.send(command.toString().getBytes(UTF_8));
            return answer(connection);
        });
    }

    /** Left by an exception, the scope closes the connection: nobody else reads the rest of this answer. */
    private static String answer(Connection connection) throws IOException {
        InputStream in = connection.input();
        String first = line(in);
        if (!first.startsWith("$") || first.equals("$-1")) {
            return first;
        }
        String bulk = new String(in.readNBytes(Integer.parseInt(first.substring(1))), UTF_8);
        line(in);
        return first + " " + bulk;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the server closed the connection after \"" + line + "\"");
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    /** Takes a connection string and a command. */
    public static void main(String[] arguments) throws IOException {
        String where = arguments.length > 0 ? arguments[0] : "tcp://localhost:6379?whenIdle=lend&limit=8";
        String[] words = arguments.length > 1 ? arguments[1].split(" ") : new String[] {"PING"};
        try (LazyConnection redis = LazyConnection.to(where)) {
            System.out.println(ask(redis, words));
        }
    }
}
