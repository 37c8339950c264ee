// The few line icons that Roady uses, 24 by 24, in the colour of the text around them.
const paths = {
  gigs: 'M8 2v4M16 2v4M3 10h18M5 4h14a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM9 16l2 2 4-4',
  gear: 'M5 3h14a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM12 18a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 14h.01M12 6.5h.01',
  types: 'M12 3 3 8l9 5 9-5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5',
  band: 'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21v-1a6 6 0 0 1 6-6h2a6 6 0 0 1 6 6v1M16 3.5a4 4 0 0 1 0 7M18.5 14.5A6 6 0 0 1 22 20v1',
  trash: 'M4 7h16M10 11v6M14 11v6M6 7l1 13a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1l1-13M9 7V4h6v3',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6 6 18',
  down: 'M6 9l6 6 6-6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  edit: 'M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  share: 'M12 15V3M8 7l4-4 4 4M5 12v8h14v-8',
  cloud: 'M7 19a5 5 0 0 1-.6-9.97A6 6 0 0 1 18 10.1 4.5 4.5 0 0 1 17.5 19H7zM9.5 14l2 2 3.5-4',
  cloudOff: 'M3 3l18 18M9 6.2A6 6 0 0 1 18 10.1a4.5 4.5 0 0 1 2.6 7.2M17 19H7a5 5 0 0 1-.6-9.97',
  sync: 'M20 11a8 8 0 0 0-14.5-3.5L3 10M3 4v6h6M4 13a8 8 0 0 0 14.5 3.5L21 14M21 20v-6h-6',
  warning: 'M12 3 2 20h20L12 3zM12 10v4M12 17h.01',
  truckOut: 'M3 6h11v10H3zM14 9h4l3 3v4h-7M7.5 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  house: 'M3 11l9-8 9 8M5 9.5V21h14V9.5M9 21v-7h6v7',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14',
  leave: 'M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  pin: 'M12 21s7-6.2 7-11.5a7 7 0 1 0-14 0C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** Roady's mark: a flight case. */
export function Mark({ size = 40 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 48 48" aria-hidden="true">
      <rect class="mark-ground" width="48" height="48" rx="11" />
      <path class="mark-line" d="M17 16v-3a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v3M11 16h26a2 2 0 0 1 2 2v15a2 2 0 0 1-2 2H11a2 2 0 0 1-2-2V18a2 2 0 0 1 2-2zM18 25.5l4.5 4.5L31 21.5" />
    </svg>
  );
}
