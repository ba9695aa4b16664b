package dev.perthread.spring.boot;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;

/**
 * All pools that are beans, each from its creation to its close. A post-processor, so that a pool counts however late it is
 * created: with lazy initialization that is long after meters are bound and endpoints exist.
 */
final class PoolBeans implements BeanPostProcessor {
    private final ConcurrentMap<Object, PoolBean> pools = new ConcurrentHashMap<>(); // known by identity
    private final ObjectProvider<PoolObserver> observers;

    PoolBeans(ObjectProvider<PoolObserver> observers) {
        this.observers = observers;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        PoolBean pool = PoolBean.of(beanName, bean);
        if (pool != null && pools.putIfAbsent(pool.pool(), pool) == null) {
            pool.onClose(() -> pools.remove(pool.pool()));
            observers.orderedStream().forEach(observer -> observer.created(pool));
        }
        return bean;
    }

    Collection<PoolBean> all() {
        return pools.values();
    }

    /** By the name of the bean. */
    @Nullable
    PoolBean find(String name) {
        return all().stream()
                .filter(pool -> pool.name().equals(name))
                .findFirst()
                .orElse(null);
    }
}
