// Notices above everything, one below the other.
import '@mantine/notifications/styles.layer.css';
import { Notifications } from '@mantine/notifications';

export const NoticeStack = () => <Notifications position="top-center" />;
