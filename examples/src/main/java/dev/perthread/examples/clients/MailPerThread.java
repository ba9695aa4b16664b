package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.time.Duration;
import java.util.Properties;
import org.eclipse.angus.mail.smtp.SMTPTransport;

/** Mail with Angus Mail: at most eight SMTP connections for any number of threads. */
final class MailPerThread implements AutoCloseable {
    // docs: start
    private final Session session; // may be shared; a Transport may not
    private final PerThread<SMTPTransport, MessagingException> smtp;

    MailPerThread(String host, int port) {
        Properties properties = new Properties();
        properties.setProperty("mail.smtp.host", host);
        properties.setProperty("mail.smtp.port", "" + port);
        properties.setProperty("mail.smtp.connectiontimeout", "2000"); // without these three it waits forever
        properties.setProperty("mail.smtp.timeout", "10000");
        properties.setProperty("mail.smtp.writetimeout", "10000");
        properties.setProperty("mail.smtp.quitwait", "false"); // closing does not wait for the answer to QUIT
        session = Session.getInstance(properties);
        smtp = PerThread.<SMTPTransport, MessagingException>builder(this::open)
                .name("smtp")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(Transport::isConnected) // sends NOOP
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(MailPerThread::reset)
                .idleTimeout(Duration.ofMinutes(1)) // below the server's own
                .build();
    }

    private SMTPTransport open() throws MessagingException {
        SMTPTransport transport = (SMTPTransport) session.getTransport("smtp");
        transport.connect();
        return transport;
    }

    /** Whatever a body began with commands of its own, the next message starts afresh. */
    private static void reset(SMTPTransport transport) throws MessagingException {
        transport.issueCommand("RSET", 250);
    }

    void send(String from, String to, String subject, String text) throws MessagingException {
        MimeMessage message = new MimeMessage(session);
        message.setFrom(from);
        message.setRecipient(Message.RecipientType.TO, new InternetAddress(to));
        message.setSubject(subject);
        message.setText(text);
        message.saveChanges();
        smtp.run(transport -> transport.sendMessage(message, message.getAllRecipients()));
    }
    // docs: end

    PerThread<SMTPTransport, MessagingException> pool() {
        return smtp;
    }

    @Override
    public void close() {
        smtp.close();
    }

    /** Takes the host and the port of an SMTP server, a sender and a recipient. */
    public static void main(String[] arguments) throws MessagingException {
        try (MailPerThread mail = new MailPerThread(arguments[0], Integer.parseInt(arguments[1]))) {
            mail.send(arguments[2], arguments[3], "hello", "hello\n");
            System.out.println("sent");
        }
    }
}
